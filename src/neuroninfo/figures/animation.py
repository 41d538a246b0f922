"""Figures that change, as a GIF."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from neuroninfo.figures.canvas import styled
from neuroninfo.files.storage import written_whole

_DPI: Final = 80
_COLOURS: Final = 128
_MILLISECONDS: Final = 100
"""Milliseconds for which each picture but the last one is shown."""
_LAST_MILLISECONDS: Final = 3000


@styled
def save(
    pictures: Iterable[Figure], path: str | Path, *, milliseconds: int = _MILLISECONDS
) -> None:
    """Write figures of one size as a GIF that repeats; the same figures give the same bytes.

    They may be one figure that is drawn anew. Colours are those of the last picture, which is
    shown the longest.  Every other one is shown for some `milliseconds`.

    Raises
    ------
    ValueError
        The path does not end in .gif.
    """
    path = Path(path)
    if path.suffix != ".gif":
        raise ValueError(f"{path}: animations are written as .gif")
    frames = []
    for drawn in pictures:
        drawn.set_dpi(_DPI)
        canvas = FigureCanvasAgg(drawn)
        canvas.draw()  # type: ignore[no-untyped-call]
        rgba = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
        frames.append(Image.fromarray(rgba[..., :3].copy()))
    palette = frames[-1].quantize(_COLOURS, dither=Image.Dither.NONE)
    first, *rest = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    with written_whole(path) as part:
        first.save(
            part,
            save_all=True,
            append_images=rest,
            duration=[milliseconds] * len(rest) + [_LAST_MILLISECONDS],
            loop=0,
        )


def page(gif: str | Path, path: str | Path) -> None:
    """Write a page that plays a GIF: Snakemake's report would offer the file itself to download.

    Parameters
    ----------
    gif
        What `save` wrote; it is part of the page.
    path
        The page, which ends in .html.
    """
    data = base64.b64encode(Path(gif).read_bytes()).decode("ascii")
    with written_whole(Path(path)) as part:
        part.write_text(
            '<!DOCTYPE html><meta charset="utf-8"><title>Animation</title>'
            "<style>body { margin: 0; background: white } img { max-width: 100% }</style>"
            f'<img alt="animation" src="data:image/gif;base64,{data}">\n',
            encoding="utf-8",
        )
