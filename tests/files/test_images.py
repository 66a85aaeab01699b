"""Images are really opened, within bounds; their copies hold pixels and nothing else."""

import io
import random
import zlib

import pytest
from PIL import Image

from server.modules.files.enums import MediaType
from server.modules.files.errors import FileDamaged, ImageTooLarge
from server.modules.files.service.images import LONGEST_SIDE, MOST_PIXELS, preview_of
from tests.files.samples import ORIENTATION, image, lying_photo, png_of

_TYPES = {"PNG": MediaType.PNG, "JPEG": MediaType.JPEG}


def preview(content, kind="PNG"):
    return preview_of(io.BytesIO(content), _TYPES[kind], field="file")


@pytest.mark.parametrize(
    ("kind", "size", "becomes"),
    [
        ("PNG", (1024, 768), (1024, 768)),
        ("PNG", (1025, 100), (1024, 100)),
        ("PNG", (300, 2048), (150, 1024)),
        ("JPEG", (4000, 3000), (1024, 768)),
        ("JPEG", (3, 2), (3, 2)),
    ],
)
def test_a_copy_is_at_most_1024_pixels_long(kind, size, becomes):
    with Image.open(preview(image(kind, size), kind)) as made:
        assert made.format == kind
        assert made.size == becomes
        assert max(made.size) <= LONGEST_SIDE


def test_a_copy_stands_upright_and_says_nothing():
    content = lying_photo()
    assert b"secret remark" in content
    assert b"profile" in content
    copy = preview(content, "JPEG").read()
    for word in (b"secret remark", b"profile", b"Taken at home", b"Exif", b"ICC_PROFILE"):
        assert word not in copy
    with Image.open(io.BytesIO(copy)) as made:
        assert made.size == (40, 60)
        assert not made.getexif()
        red, _, blue = made.getpixel((20, 5))
        assert (red > 200, blue < 100) == (True, True)  # what was left is above, once it is turned clockwise


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_undone(orientation):
    upright = Image.new("RGB", (40, 20), "white")
    upright.paste("red", (0, 0, 20, 10))
    undo = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]
    stored = upright if undo is None else upright.transpose(undo)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    out = io.BytesIO()
    stored.save(out, "PNG", exif=exif)
    with Image.open(preview(out.getvalue())) as made:
        assert made.size == (40, 20)
        assert made.convert("RGB").getpixel((5, 5)) == (255, 0, 0)
        assert made.convert("RGB").getpixel((35, 15)) == (255, 255, 255)


def test_an_exif_block_that_cannot_be_read_damages_no_picture():
    assert preview(image("JPEG", exif=b"Exif\0\0garbage"), "JPEG").read(2) == b"\xff\xd8"


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "I;16"])
def test_every_kind_of_png_is_copied(mode):
    content = io.BytesIO()
    Image.new(mode, (20, 10)).save(content, "PNG")
    with Image.open(preview(content.getvalue())) as made:
        assert made.size == (20, 10)
        assert made.mode in ("L", "RGB", "RGBA")


def test_sixteen_bits_of_grey_keep_their_brightness():
    content = io.BytesIO()
    Image.new("I;16", (4, 4), 0x8000).save(content, "PNG")
    with Image.open(preview(content.getvalue())) as made:
        assert made.getpixel((0, 0)) == 128


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_every_kind_of_jpeg_is_copied(mode, progressive):
    with Image.open(preview(image("JPEG", mode=mode, progressive=progressive), "JPEG")) as made:
        assert made.mode == ("L" if mode == "L" else "RGB")


@pytest.mark.parametrize(
    ("width", "height"), [(60_000, 60_000), (2**31 - 1, 1), (MOST_PIXELS + 1, 1), (20_000, 20_000)]
)
def test_a_bomb_is_refused_by_its_size_alone(width, height):
    with pytest.raises(ImageTooLarge) as caught:
        preview(png_of(width, height, b"\0" * 1000))
    assert set(caught.value.errors) == {"file"}


def test_a_bomb_in_a_text_of_an_image_is_refused():
    text = b"Comment\0\0" + zlib.compress(b"x" * 20_000_000)
    with pytest.raises(FileDamaged):
        preview(png_of(8, 8, b"\0\0" * 8, (b"zTXt", text)))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.95])
def test_a_truncated_image_is_refused(kind, part):
    content = image(kind, (200, 200))
    with pytest.raises(FileDamaged):
        preview(content[: int(len(content) * part)], kind)


def test_an_image_of_the_other_kind_is_refused():
    with pytest.raises(FileDamaged):
        preview(image("PNG"), "JPEG")


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_mangled_image_is_copied_or_refused_and_nothing_else(kind):
    whole, dice, refused = image(kind, (120, 90)), random.Random(7), 0
    for _ in range(150):
        content = bytearray(whole)
        for _ in range(dice.choice((1, 5, 30))):
            content[dice.randrange(len(content))] = dice.randrange(256)
        try:
            with Image.open(preview(bytes(content), kind)) as made:
                assert max(made.size) <= LONGEST_SIDE
        except (FileDamaged, ImageTooLarge):
            refused += 1
    assert 0 < refused <= 150
