"""Put a study's figures into this page: those that README.md shows, scaled down.

    python docs/gallery/update.py results/talk

The figure figures/mnist/100-100/relu/l2/information.png of a study is called
mnist_100-100_relu_l2_information.png here.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from PIL import Image

HERE = Path(__file__).resolve().parent
WIDTH = 1400
"""Pixels: twice what a page shows."""


def update(study: Path) -> None:
    """Scale the figures that the page shows down to `WIDTH` and 256 colours."""
    figures = {
        "_".join(path.relative_to(study / "figures").parts): path
        for suffix in ("png", "gif")
        for path in (study / "figures").rglob(f"*.{suffix}")
    }
    shown = re.findall(r"\]\(([^)/]+\.(?:png|gif))\)", (HERE / "README.md").read_text("utf-8"))
    if missing := [name for name in shown if name not in figures]:
        raise SystemExit(f"{study}/figures lacks {', '.join(missing)}; run the study first")
    for name in shown:
        if name.endswith(".gif"):
            (HERE / name).write_bytes(figures[name].read_bytes())
            continue
        with Image.open(figures[name]) as image:
            size = WIDTH, round(image.height * WIDTH / image.width)
            image.convert("RGB").resize(size, Image.Resampling.LANCZOS).quantize(256).save(
                HERE / name, optimize=True
            )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    update(Path(sys.argv[1]))
