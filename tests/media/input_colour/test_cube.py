"""`.cube` files: read as the specification has them, refused in one line that names the line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streammat.errors import ConfigError
from streammat.media.input_colour.cube import read_cube


def written(folder: Path, text: str) -> str:
    path = folder / "look.cube"
    path.write_text(text, encoding="utf-8")
    return str(path)


def rows(values: np.ndarray) -> str:
    return "\n".join(" ".join(f"{value:.6f}" for value in row) for row in values)


def test_red_changes_fastest_in_a_three_dimensional_table(tmp_path: Path) -> None:
    corners = np.array([(r, g, b) for b in (0, 1) for g in (0, 1) for r in (0, 1)], float)
    lut = read_cube(
        written(tmp_path, f'# a comment\nTITLE "x"\nLUT_3D_SIZE 2\n\n{rows(corners * 0.5)}\n')
    )
    assert lut.table.shape == (2, 2, 2, 3)
    assert lut.table[1, 0, 0].tolist() == [127.5, 0, 0]
    assert lut.table[0, 1, 1].tolist() == [0, 127.5, 127.5]


def test_one_dimension_and_a_domain(tmp_path: Path) -> None:
    text = "LUT_1D_SIZE 3\nDOMAIN_MIN -0.5 0 0\nDOMAIN_MAX 1 2 4\n0 0 0\n0.5 0.5 0.5\n1 1.2 1\n"
    lut = read_cube(written(tmp_path, text))
    assert (lut.low, lut.high) == ((-0.5, 0.0, 0.0), (1.0, 2.0, 4.0))
    assert lut.table[:, 1].tolist() == [0, 127.5, 255]


def test_the_range_that_resolve_writes_is_a_domain(tmp_path: Path) -> None:
    lut = read_cube(written(tmp_path, "LUT_1D_SIZE 2\nLUT_1D_INPUT_RANGE 0 8\n0 0 0\n1 1 1\n"))
    assert lut.high == (8.0, 8.0, 8.0)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no .cube file"),
        ("LUT_3D_SIZE 2\n0 0 0\n", "1 rows of numbers; 8 belong"),
        ("LUT_3D_SIZE 1\n0 0 0\n", "line 1: size 1; 2..256"),
        ("LUT_3D_SIZE big\n", "line 1: size big"),
        ("LUT_1D_SIZE 2\nLUT_3D_SIZE 2\n", "line 2: a second size"),
        ("LUT_1D_SIZE 2\n0 0 0\n1 1\n", "line 3: '1 1' is not 3 numbers"),
        ("LUT_1D_SIZE 2\n0 0 0\n1 nan 1\n", "line 3"),
        ("LUT_1D_SIZE 2\n0 0 0\n1 x 1\n", "line 3: '1 x 1'"),
        ("LUT_2D_SIZE 2\n", "line 1: unknown keyword LUT_2D_SIZE"),
        ("LUT_1D_SIZE 2\nDOMAIN_MAX 0 1 1\n0 0 0\n1 1 1\n", "spans nothing"),
    ],
)
def test_damage_is_said_with_its_line(tmp_path: Path, text: str, why: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        read_cube(path)
    message = str(caught.value)
    assert why in message
    assert message.startswith(f"--input-colour {path}")
    assert "\n" not in message
    assert "export the .cube file again" in message


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        read_cube(str(tmp_path / "none.cube"))


def test_a_replaced_file_is_read_again(tmp_path: Path) -> None:
    path = written(tmp_path, "LUT_1D_SIZE 2\n0 0 0\n1 1 1\n")
    assert read_cube(path).table.shape[0] == 2
    written(tmp_path, "LUT_1D_SIZE 3\n0 0 0\n.5 .5 .5\n1 1 1\n")
    assert read_cube(path).table.shape[0] == 3
