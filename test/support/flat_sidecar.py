"""A sidecar for tests: flat pictures of the payload's size, whose colour is its seed. It misbehaves where the prompt asks."""

import os
import pathlib
import struct
import sys
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "sidecars"))
from horde_onnx_sidecar import Unsupported, serve  # noqa: E402


def png(width, height, rgb):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = (b"\0" + bytes(rgb) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def generate(payload, step, phases):
    prompt = payload.get("prompt", "")
    phases.mark("load")
    if payload.get("sampler_name") == "k_lms":
        raise Unsupported("this sidecar does not know the sampler k_lms")
    if prompt == "raise":
        raise ValueError("a defect")
    if prompt == "die once" and not os.path.exists(os.environ["DIED"]):
        open(os.environ["DIED"], "w").close()
        sys.stderr.write("out of memory\n")
        sys.stderr.flush()
        os._exit(3)
    if prompt == "die":
        os._exit(3)
    if prompt == "print":
        print("a library says hello")
    if prompt == "no picture":
        return [b"not a picture"]
    for i in range(payload["ddim_steps"]):
        phases.step()
        step(i + 1, payload["ddim_steps"])
    seed = payload["seed"]
    return [png(payload["width"], payload["height"], (seed & 255, seed >> 8 & 255, seed >> 16 & 255))] * payload.get("n_iter", 1)


if "--silent" in sys.argv:
    sys.stdin.read()
if "--babble" in sys.argv:
    print("loading …", flush=True)
serve(
    {
        "name": "flat",
        "version": "1",
        "can": ["txt2img", "batch"],
        "environment": {"provider": "cpu", "device": "test", "dtype": "fp32", "runtime": "python", "threads": 1},
    },
    generate,
)
