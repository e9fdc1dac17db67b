"""Makes the notebooks of this folder with the real tools: `scripts/notebook-tools python tests/notebooks/make.py`.

Each is written by hand as cells, run from the top by a real kernel, and saved by nbformat. The results are
committed, so that tests need none of these tools.
"""

import copy
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

HERE = Path(__file__).parent

TOUR = [
    "# A tour of outputs\n\nWhat notebooks show, in one place. See [Figures](#Figures) and\n"
    "[the documentation](https://jupyter.org).\n\n"
    "| column | meaning |\n|---|---|\n| `width` | in cm |\n| `price` | in € |",
    "## Maths\n\nInline $e^{i\\pi} + 1 = 0$, and displayed\n\n"
    "$$\\mathrm{RMSE} = \\sqrt{\\frac{1}{n} \\sum_{i=1}^{n} (y_i - \\hat y_i)^2}$$\n\n"
    "\\begin{align}\na &= b + c \\\\\n  &= d\n\\end{align}\n\n"
    "```python\ndef area(r):\n    return 3.14 * r ** 2  # about\n```\n",
    ("import math\nimport sys\n\nimport matplotlib.pyplot as plt\nimport numpy as np\nimport pandas as pd\n\n"
     "%matplotlib inline\nplt.rcParams['figure.dpi'] = 60\nrng = np.random.default_rng(7)\n"
     "pd.__version__.split('.')[0].isdigit()"),
    "## Tables",
    ("frame = pd.DataFrame({\n    'width': rng.normal(10, 2, 8).round(2),\n    'colour': list('rgbrgbrg'),\n"
     "    'price <€>': np.arange(8) * 1.5,\n}, index=pd.Index(range(8), name='id'))\nframe"),
    "frame.groupby(['colour']).agg({'width': ['mean', 'max']}).T",
    "frame.style.highlight_max('width').format(precision=1)",
    "## Figures",
    ("fig, axes = plt.subplots(1, 2, figsize=(7, 2.6))\naxes[0].scatter(frame['width'], frame['price <€>'])\n"
     "axes[1].hist(rng.normal(size=300), bins=20)\nfig.suptitle('Two plots')\nplt.show()"),
    ("from IPython.display import SVG, Image, Latex, Markdown, HTML, JSON, Javascript, display\nimport io\n\n"
     "buffer = io.StringIO()\nfig, axis = plt.subplots(figsize=(3, 2))\naxis.plot([1, 3, 2])\n"
     "fig.savefig(buffer, format='svg')\nplt.close(fig)\nSVG(buffer.getvalue())"),
    ("picture = io.BytesIO()\nfig, axis = plt.subplots(figsize=(2, 1.5))\naxis.imshow(rng.random((8, 8)))\n"
     "fig.savefig(picture, format='jpeg', dpi=50)\nplt.close(fig)\nImage(picture.getvalue(), format='jpeg')"),
    "## Text and colours",
    ("print('plain & <b>not bold</b>')\n"
     "print('\\x1b[31mred\\x1b[0m \\x1b[1;32mbold green\\x1b[0m \\x1b[38;5;208morange\\x1b[0m "
     "\\x1b[44;97mwhite on blue\\x1b[0m')\nprint('to stderr', file=sys.stderr)"),
    ("from tqdm import tqdm\n\nfor _ in tqdm(range(30), ascii=True, mininterval=0):\n    pass"),
    "for line in range(1, 121):\n    print(f'epoch {line:3d}  loss {1 / line:.4f}')",
    "Latex(r'$\\int_0^1 x^2\\,dx = \\frac{1}{3}$')",
    "import sympy\n\nx = sympy.symbols('x')\nsympy.Integral(sympy.sqrt(1 / x), x)",
    "Markdown('A *rendered* **string** with $x^2$')",
    "JSON({'model': 'forest', 'trees': 100, 'depth': None, 'features': ['width', 'colour']})",
    "## Figures that move",
    ("import plotly.graph_objects as go\n\nfigure = go.Figure([go.Scatter(x=[1, 2, 3], y=[3, 1, 2], name='loss')])\n"
     "figure.update_layout(title='Loss by epoch')\nfigure.show(renderer='plotly_mimetype')"),
    ("import altair as alt\n\n"
     "chart = alt.Chart(frame.reset_index(), title='Width and price').mark_point().encode(x='width', y='price <€>')\n"
     "display({'application/vnd.vegalite.v5+json': chart.to_dict(), 'text/plain': 'alt.Chart(...)'}, raw=True)"),
    "HTML('<iframe src=\"https://example.org\"></iframe><script>document.title = \"taken\"</script>')",
    "Javascript('document.title = \"taken\"')",
    "from sklearn.ensemble import RandomForestRegressor\n\nRandomForestRegressor(n_estimators=10)",
    "## An error\n\nThe last cell stops.",
    "def half(n):\n    if n % 2:\n        raise ValueError(f'{n} is odd')\n    return n // 2\n\nhalf(3)",
]

HOUSES = [
    "# House prices: a first model\n\nReads the data, fits a line, writes `submission.csv`.",
    "import csv\nfrom pathlib import Path\n\ndata = Path('/kaggle/input/houses')\n"
    "sample = '/kaggle/input/houses/sample_submission.csv'\n"
    "rows = list(csv.DictReader(open(sample))) if Path(sample).exists() else [{'id': 'r0', 'target': '0'}]\nlen(rows)",
    "prices = {row['id']: 7000.0 for row in rows}",
    "with open('submission.csv', 'w') as file:\n    writer = csv.writer(file)\n    writer.writerow(['id', 'target'])\n"
    "    writer.writerows(prices.items())\nprint('written', len(prices), 'rows')",
]


def is_prose(text):
    return text.startswith(("#", "##")) and not text.startswith("#!")


def run(cells, stops=False):
    notebook = new_notebook(
        cells=[new_markdown_cell(text) if is_prose(text) else new_code_cell(text) for text in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02}"
    NotebookClient(notebook, timeout=120, kernel_name="python3", allow_errors=stops).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    return notebook


def as_in_2014(notebook):
    """Without the kinds of output that nbformat 3 had no name for."""
    old = copy.deepcopy(notebook)
    for cell in old.cells:
        for output in cell.get("outputs", []):
            for mime in [mime for mime in output.get("data", {}) if "vnd." in mime or mime == "text/markdown"]:
                del output["data"][mime]
    return old


def write(notebook, name, version=nbformat.NO_CONVERT):
    nbformat.write(notebook, HERE / name, version=version)


def main():
    tour = run(TOUR, stops=True)
    tour.cells.append(new_raw_cell("A raw cell, for another program."))
    write(tour, "tour.ipynb")
    write(nbformat.convert(as_in_2014(tour), 3), "tour-nbformat3.ipynb", version=3)
    houses = run(HOUSES)
    write(houses, "houses.ipynb")
    changed = [text.replace("7000.0", "7004.5") for text in HOUSES]
    changed.insert(3, "max(prices.values()) - min(prices.values())")
    changed[0] += "\n\nNow with a better guess."
    write(run(changed), "houses-changed.ipynb")


if __name__ == "__main__":
    main()
