"""The other end of the pipe: build the encoder that is asked for, then answer each list of texts with its vectors."""

from __future__ import annotations

import json
import os
import sys

import numpy as np

from tutelage.core.parts import build
from tutelage.kit.frames import read_frame, write_frame

ROOM = "student.text.encoder"


def serve() -> None:
    """Until the other side closes the pipe. A failure is sent back as a sentence; it does not end the process."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not come between the answers
    encoder = None
    spec = json.loads(read_frame(sys.stdin.buffer))
    while True:
        try:
            texts = json.loads(read_frame(sys.stdin.buffer))
        except EOFError:
            return
        try:
            encoder = build(ROOM, spec) if encoder is None else encoder
            vectors = np.ascontiguousarray(encoder.encode(texts), dtype="<f4")
        except Exception as error:  # told to the process that asked, whatever it is
            write_frame(answers, json.dumps({"error": f"{type(error).__name__}: {error}"}).encode())
            continue
        write_frame(answers, json.dumps({"shape": list(vectors.shape)}).encode())
        write_frame(answers, vectors.tobytes())


if __name__ == "__main__":
    serve()
