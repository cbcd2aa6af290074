"""What the sidecars of horde-onnx share: the protocol of docs/backends.md over standard input and output.

A sidecar defines `describe()` and `generate(job, step)` and calls `serve`. It needs nothing but Python 3.9.
"""

import base64
import json
import os
import sys
import time
import traceback


class Unsupported(Exception):
    """Something a payload asks for and this sidecar cannot do."""


class Phases:
    """Milliseconds of the phases of one job: `mark` ends a phase, `step` ends a sampler step."""

    def __init__(self):
        self.since = self.last = time.perf_counter()
        self.times = {"load": 0.0, "encode": 0.0, "decode": 0.0, "output": 0.0}
        self.steps = []

    def lap(self):
        now = time.perf_counter()
        passed = (now - self.last) * 1000
        self.last = now
        return passed

    def mark(self, phase):
        self.times[phase] += self.lap()

    def step(self):
        self.steps.append({"inside": self.lap(), "outside": 0.0})

    def timings(self):
        total = (time.perf_counter() - self.since) * 1000
        return {**self.times, "steps": self.steps, "total": total}


def unwrap(text):
    """A pop's whole answer, or its payload, as one dictionary."""
    value = json.loads(text)
    if "payload" not in value:
        return value
    beside = ("model", "source_image", "source_processing", "source_mask", "extra_source_images")
    return {**value["payload"], **{key: value[key] for key in beside if value.get(key) is not None}}


def serve(hello, generate):
    """Answers requests until the input ends. `generate(payload, step, phases)` returns PNG files as bytes."""
    # Libraries print: what they print must not end up between the lines of the protocol.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr

    def send(message):
        out.write(json.dumps(message) + "\n")
        out.flush()

    send({"type": "hello", "protocol": "horde-onnx/sidecar@1", **hello})
    for line in sys.stdin:
        if not line.strip():
            continue
        request = json.loads(line)
        if request["type"] == "close":
            break
        if request["type"] != "generate":
            continue  # one job at a time: what is being drawn is finished
        identity = request["id"]
        phases = Phases()
        try:
            images = generate(
                unwrap(request["payload"]),
                lambda step, steps: send({"type": "step", "id": identity, "step": step, "steps": steps}),
                phases,
            )
            send(
                {
                    "type": "result",
                    "id": identity,
                    "images": [base64.b64encode(image).decode("ascii") for image in images],
                    "timings": phases.timings(),
                }
            )
        except Unsupported as error:
            send({"type": "fault", "id": identity, "code": "unsupported", "message": str(error)})
        except Exception as error:  # a job that fails must not end the sidecar
            traceback.print_exc()
            send({"type": "fault", "id": identity, "code": "backend", "message": f"{type(error).__name__}: {error}"})
