"""Makes images and video clips with ffmpeg for the tests."""

from support import CARPHONE, need_tool


def carphone_frames(case):
    """Returns a new folder `man` with three frames from the first second of the demo clip. With these frames, a test
    can enrol the man in the clip."""
    need_tool("ffmpeg")
    folder = case.folder / "man"
    folder.mkdir()
    made = case.run_program(["ffmpeg", "-v", "error", "-i", CARPHONE, "-vf",
                             "select=not(mod(n\\,10))", "-vsync", "0", "-frames:v", "3",
                             folder / "frame%d.png"])
    case.assertEqual(0, made.code, made)
    return folder


def ffmpeg_image(case, name, *arguments):
    """Runs ffmpeg with these arguments. Returns the path of the image that it writes: `name` in the test's folder."""
    need_tool("ffmpeg")
    file = case.folder / name
    made = case.run_program(["ffmpeg", "-v", "error", "-y", *arguments, "-frames:v", "1", file])
    case.assertEqual(0, made.code, made)
    return file


def ffmpeg_clip(case, name, *arguments):
    """Runs ffmpeg with these arguments. Returns the path of the video that it writes: `name` in the test's folder."""
    need_tool("ffmpeg")
    file = case.folder / name
    made = case.run_program(["ffmpeg", "-v", "error", "-y", *arguments, "-c:v", "libx264", "-crf",
                             "10", file])
    case.assertEqual(0, made.code, made)
    return file


def side_by_side(case, name, *images):
    """Makes an image that shows the given images next to each other, scaled to the same height. Returns its path."""
    scaled = "".join(f"[{i}]scale=-2:600[p{i}];" for i in range(len(images)))
    joined = "".join(f"[p{i}]" for i in range(len(images)))
    return ffmpeg_image(case, name, *(word for image in images for word in ("-i", image)), "-filter_complex",
                        f"{scaled}{joined}hstack=inputs={len(images)}")
