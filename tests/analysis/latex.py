"""pdflatex, where it is installed, on what is meant for it."""

import shutil
import subprocess

import pytest

needs_pdflatex = pytest.mark.skipif(
    shutil.which("pdflatex") is None, reason="pdflatex is not installed"
)


def assert_compiles(folder, *tables):
    """Compile tables in one document, none of them wider than the page."""
    document = [
        r"\documentclass{article}\usepackage{booktabs,graphicx,xcolor}\begin{document}",
        *(rf"{table}\clearpage" for table in tables),
        r"\end{document}",
    ]
    (folder / "t.tex").write_text("\n".join(document), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout
