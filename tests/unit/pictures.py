"""What every figure has to be."""

from itertools import combinations

from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

from neuroninfo.figures import canvas


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
        assert text.get_fontsize() >= canvas.SMALL, text
        box = text.get_window_extent()
        assert box.x0 >= -1, text
        assert box.y0 >= -1, text
        assert box.x1 <= width + 1, text
        assert box.y1 <= height + 1, text


def lightness(colour: str) -> float:
    """CIE 1976 L*, from 0 (black) to 100 (white): what greyscale leaves of a colour."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    luminance = sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return 116 * luminance ** (1 / 3) - 16 if luminance > 0.008856 else 903.3 * luminance


def greyscale_tells_what_colours_tell(figure: Figure) -> None:
    """Curves and dots of a panel that differ in colour differ in marker, dashes or lightness too.

    But bars and references, which are two points without a marker, and points upon a curve.
    """
    for ax in figure.axes:
        looks: dict[tuple[str, str], set[str]] = {}
        markers: dict[str, set[str]] = {}
        for line in ax.lines:
            marker = str(line.get_marker()).replace("None", "")
            if not marker and len(line.get_xdata()) <= 2:
                continue
            colour = to_hex(line.get_color())
            looks.setdefault((marker, str(line.get_linestyle())), set()).add(colour)
            markers.setdefault(colour, set()).add(marker)
        for look, colours in looks.items():
            for a, b in combinations(sorted(colours), 2):
                upon = any(markers[colour] - {look[0]} for colour in (a, b))
                assert upon or abs(lightness(a) - lightness(b)) >= 15, (look, a, b)
