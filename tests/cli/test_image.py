"""``streammat image``: cut-outs from photos to files; a formula stands in for the network."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from streammat.cli import main
from streammat.matting import passes
from streammat.media.image_file import read_image
from streammat.media.png import PngEncoder
from streammat.types import ColourTags
from streammat_kernels.layout import Family, PixelLayout
from tests.matting.still_networks import RedNetwork, ramp_picture

RUN = ["--strategy", "resize", "--device", "cpu", "--threads", "1", "--progress", "none"]


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> RedNetwork:
    made = RedNetwork()
    monkeypatch.setattr(passes, "open_pass", lambda *_, **__: made)
    return made


def photo(path: str, height: int = 64, width: int = 96) -> NDArray[np.uint8]:
    """A subject (red) at the right, blue scenery at the left."""
    rgb = ramp_picture(height, width)
    rgb[..., 2] = 255 - rgb[..., 0]
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rgb).save(path)
    return rgb


def test_a_photo_becomes_a_cut_out_whose_edge_is_free_of_the_scenery(network: RedNetwork) -> None:
    rgb = photo("photo.png")
    assert main(["image", "photo.png", *RUN]) == 0
    with Image.open("photo.matte.png") as cut:
        assert cut.mode == "RGBA"
        found = np.asarray(cut)
    assert (found[:, -20:, 3] == 255).all()
    assert not found[:, :20, 3].any()
    np.testing.assert_array_equal(found[:, -20:, :3], rgb[:, -20:])
    half = np.flatnonzero((found[32, :, 3] > 100) & (found[32, :, 3] < 160))
    assert len(half)
    assert (found[32, half, 2] < rgb[32, half, 2] * 0.5).all()  # blue was the background's
    assert network.closed


def test_photos_are_seen_from_three_distances_unless_asked_otherwise(network: RedNetwork) -> None:
    photo("photo.png", 540, 960)
    run = ["--device", "cpu", "--threads", "1", "--progress", "none"]
    assert main(["image", "photo.png", *run]) == 0
    assert network.sizes == 2 * [(192, 352)] + 2 * [(288, 512)] + 2 * [(480, 832)]  # and mirrored


def test_sixteen_bits_go_in_and_out(network: RedNetwork) -> None:
    rgb = photo("narrow.png").astype(np.uint16) * 257 - 100 * (photo("narrow.png") > 100)
    planes = tuple(np.ascontiguousarray(rgb[..., c]).astype(np.uint16) for c in range(3))
    encoder = PngEncoder(
        PixelLayout(Family.RGB, 1, 1, 16), 96, 64, ColourTags(full_range=True), {}, 1
    )
    Path("wide.png").write_bytes(b"".join(encoder.encode(planes)))
    assert main(["image", "wide.png", "-o", "cut.png", *RUN]) == 0
    found, layout, _ = read_image(Path("cut.png"))
    assert layout.bits == 16
    np.testing.assert_array_equal(found[0][:, -20:], planes[0][:, -20:])
    assert found[3].max() == 65535
    assert main(["image", "narrow.png", "-o", "deep.png", "--bits", "16", *RUN]) == 0
    assert read_image(Path("deep.png"))[1].bits == 16
    assert main(["image", "wide.png", "-o", "flat.png", "--bits", "8", *RUN]) == 0
    assert read_image(Path("flat.png"))[1].bits == 8


def test_exif_rotation_is_applied_and_the_colour_profile_kept(network: RedNetwork) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn clockwise makes it upright
    Image.fromarray(photo("x.png")).save("turned.jpg", exif=exif, icc_profile=profile)
    assert main(["image", "turned.jpg", "-o", "cut.png", "-o", "alpha=a.png", *RUN]) == 0
    with Image.open("cut.png") as cut:
        assert cut.size == (64, 96)
        assert cut.info["icc_profile"] == profile
        assert "srgb" not in cut.info
    with Image.open("a.png") as alpha:
        assert alpha.size == (64, 96)
        assert "icc_profile" not in alpha.info


def test_a_profile_of_another_colour_space_is_not_carried_on(network: RedNetwork) -> None:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[16:20] = b"CMYK"
    Image.fromarray(photo("x.png")).save("in.jpg", icc_profile=bytes(profile))
    assert main(["image", "in.jpg", "-o", "cut.png", *RUN]) == 0
    with Image.open("cut.png") as cut:
        assert "icc_profile" not in cut.info


def test_a_folder_of_photos_goes_to_a_folder_and_json_names_them(
    network: RedNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("2", "10"):
        photo(f"in/{name}.png")
    Path("in/note.txt").write_text("no picture")
    assert main(["image", "in", "-o", "alpha=out/", "--json", *RUN]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [job["input"] for job in answer["jobs"]] == ["in/2.png", "in/10.png"]
    assert answer["command"] == "image"
    assert sorted(path.name for path in Path("out").iterdir()) == ["10.png", "2.png"]


@pytest.mark.parametrize(
    "line",
    [
        *('frames = "100-200"', "start = 5", "limit = 1", 'fps = "24"', "depth = 10"),
        *('codec = "prores"', 'raw_input = "64x64:rgba"', 'alpha_mode = "premultiplied"'),
        *("crf = 3", 'bitrate = "2M"', 'encoder_preset = "slow"', 'smooth = "1"'),
    ],
)
def test_what_a_file_of_settings_says_of_clips_is_nothing_to_a_photo(
    network: RedNetwork, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    photo("photo.png")
    assert main(["image", "photo.png", "-o", "plain.png", *RUN]) == 0
    usual = capsys.readouterr().err
    Path("streammat.toml").write_text(line)
    assert main(["image", "photo.png", "-o", "cut.png", *RUN]) == 0
    said = capsys.readouterr().err
    assert len(said.splitlines()) == len(usual.splitlines()), said
    assert Path("cut.png").read_bytes() == Path("plain.png").read_bytes()


def test_names_that_look_like_counters_are_names(
    network: RedNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("100%d.png", "shot.####.png", "%05d.png"):
        photo(f"in/{name}")
    assert main(["image", "in/100%d.png", "in/shot.####.png", "-o", "out/", "--json", *RUN]) == 0
    jobs = json.loads(capsys.readouterr().out)["jobs"]
    files = sorted(str(path) for path in Path("out").iterdir())
    assert files == sorted(output["path"] for job in jobs for output in job["report"]["outputs"])
    assert files == ["out/100.png", "out/shot.png"]
    assert main(["image", "in/%05d.png", "-o", "out/", *RUN]) == 0
    assert Path("out/picture.png").is_file()


def test_a_composite_goes_over_a_colour(network: RedNetwork) -> None:
    photo("photo.png")
    given = ["-o", "composite=over.png", "--background", "#00FF00"]
    assert main(["image", "photo.png", *given, *RUN]) == 0
    with Image.open("over.png") as over:
        assert over.convert("RGB").getpixel((2, 2)) == (0, 255, 0)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["clip.mp4"], "clip.mp4: no picture; streammat matte takes clips"),
        (["a.png", "b.png", "-o", "c.png"], "-o names one result"),
        (["a.png", "sub/a.png", "-o", "out/"], "two results would be written to out/a.png"),
        (["a.png", "-o", "out/", "-o", "b.png"], "only -o"),
        (["a.png", "--strategy", "hybrid"], "needs sides of at least 96 pixels"),
        (["a.png", "--bits", "12"], "'12' is not one of"),
        (["lost.png"], "lost.png"),
        (["a.png", "--crf", "3"], "--crf"),
    ],
)
def test_refusals_are_one_line(
    given: list[str], words: str, network: RedNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.png", "b.png", "sub/a.png"):
        photo(name)
    assert main(["image", *given, "--device", "cpu", "--progress", "none"]) == 2
    captured = capsys.readouterr()
    assert words in captured.err
    assert captured.err.count("\n") == 1
    assert not Path("out").exists()


def test_a_clip_is_matted_frame_by_frame_as_its_stills_are(network: RedNetwork) -> None:
    for number in range(2):
        photo(f"frames/{number}.png")
    assert main(["matte", "frames", "-o", "alpha=clip/", "--smooth", "off", *RUN]) == 0
    assert main(["image", "frames", "-o", "alpha=stills/", *RUN]) == 0
    clip, stills = (sorted(Path(folder).iterdir()) for folder in ("clip", "stills"))
    assert len(clip) == len(stills) == 2
    for one, other in zip(clip, stills, strict=True):
        with Image.open(one) as frame, Image.open(other) as still:
            assert np.asarray(frame).astype(int).any()
            np.testing.assert_array_equal(np.asarray(frame), np.asarray(still))


def test_a_folder_of_photos_loads_its_network_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[RedNetwork] = []

    def fake(*_: object, **__: object) -> RedNetwork:
        opened.append(RedNetwork())
        return opened[-1]

    monkeypatch.setattr(passes, "open_pass", fake)
    photo("in/1.png")
    photo("in/2.png", 40, 40)  # too small for the strategy
    photo("in/3.png", 96, 64)
    photo("in/4.png")
    assert main(["image", "in", "-o", "out/", *RUN]) == 2
    assert sorted(path.name for path in Path("out").iterdir()) == ["1.png", "3.png", "4.png"]
    assert [network.closed for network in opened] == [True, True]  # anew after the failure only
    assert "needs sides of at least 64 pixels" in capsys.readouterr().err
