"""What every figure has to be."""

from matplotlib.figure import Figure
from matplotlib.text import Text

from neuroninfo.figures import style


def all_text_is_large_and_in_the_figure(figure: Figure) -> None:
    figure.draw_without_rendering()
    width, height = figure.bbox.size
    beyond = {  # ticks that matplotlib makes and does not show
        label
        for ax in figure.axes
        for axis in (ax.xaxis, ax.yaxis)
        for tick in axis.get_major_ticks()
        for label in (tick.label1, tick.label2)
        if not min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval())
    }
    for text in figure.findobj(lambda artist: isinstance(artist, Text)):
        if text in beyond or not (text.get_text() and text.get_visible()):
            continue
        assert text.get_fontsize() >= style.SMALL, text
        box = text.get_window_extent()
        assert box.x0 >= -1, text
        assert box.y0 >= -1, text
        assert box.x1 <= width + 1, text
        assert box.y1 <= height + 1, text
