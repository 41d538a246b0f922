"""Run a notebook without Jupyter, and write what its cells print and draw into it.

From the project's folder, minutes on two cores::

    PYTHONPATH=src .venv/bin/python docs/notebooks/run.py docs/notebooks/own_network.ipynb
"""

import ast
import base64
import contextlib
import io
import sys
from pathlib import Path

import matplotlib as mpl
import nbformat


def run(notebook: nbformat.NotebookNode) -> None:
    """Run the cells in turn in one namespace; their outputs are replaced."""
    mpl.use("agg")
    from matplotlib import pyplot

    namespace: dict[str, object] = {"__name__": "__main__"}
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(cells, start=1):
        tree = ast.parse(cell.source)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(tree, f"cell {number}", "exec"), namespace)
            value = None
            if last is not None:
                shown = ast.Expression(last.value)
                value = eval(compile(shown, f"cell {number}", "eval"), namespace)
        cell.execution_count, cell.outputs = number, []
        if printed.getvalue():
            cell.outputs.append(nbformat.v4.new_output("stream", text=printed.getvalue()))
        if value is not None:
            data = {"text/plain": repr(value)}
            cell.outputs.append(
                nbformat.v4.new_output("execute_result", data, execution_count=number)
            )
        for figure in map(pyplot.figure, pyplot.get_fignums()):
            picture = io.BytesIO()
            figure.savefig(picture, format="png", dpi=80, metadata={"Software": None})
            data = {"image/png": base64.b64encode(picture.getvalue()).decode()}
            cell.outputs.append(nbformat.v4.new_output("display_data", data))
        pyplot.close("all")


if __name__ == "__main__":
    path = Path(sys.argv[1])
    opened = nbformat.read(path, as_version=4)
    run(opened)
    nbformat.write(opened, path)
