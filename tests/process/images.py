"""Pictures and clips that tests make from the demo clip and photographs, with ffmpeg."""

from support import CARPHONE, need_tool


def carphone_frames(case):
    """Frames of the first second of the demo clip, as pictures to enrol its man from."""
    need_tool("ffmpeg")
    folder = case.folder / "man"
    folder.mkdir()
    made = case.run_program(["ffmpeg", "-v", "error", "-i", CARPHONE, "-vf",
                             "select=not(mod(n\\,10))", "-vsync", "0", "-frames:v", "3",
                             folder / "frame%d.png"])
    case.assertEqual(0, made.code, made)
    return folder


def ffmpeg_image(case, name, *arguments):
    """A picture made by ffmpeg."""
    need_tool("ffmpeg")
    file = case.folder / name
    made = case.run_program(["ffmpeg", "-v", "error", "-y", *arguments, "-frames:v", "1", file])
    case.assertEqual(0, made.code, made)
    return file


def ffmpeg_clip(case, name, *arguments):
    """A video made by ffmpeg, close to lossless."""
    need_tool("ffmpeg")
    file = case.folder / name
    made = case.run_program(["ffmpeg", "-v", "error", "-y", *arguments, "-c:v", "libx264", "-crf",
                             "10", file])
    case.assertEqual(0, made.code, made)
    return file


def side_by_side(case, name, *pictures):
    """One picture of several, each as high as the others."""
    heights = "".join(f"[{i}]scale=-2:600[p{i}];" for i in range(len(pictures)))
    together = "".join(f"[p{i}]" for i in range(len(pictures)))
    return ffmpeg_image(case, name, *(word for picture in pictures for word in ("-i", picture)), "-filter_complex",
                          f"{heights}{together}hstack=inputs={len(pictures)}")
