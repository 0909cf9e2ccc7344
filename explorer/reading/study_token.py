"""Which examination a DICOM file belongs to, as a token that cannot be read back.

A StudyInstanceUID leads back to the patient in the archive it came from. The token is a keyed
digest with a key of this process: it says which files belong together and nothing more, and is
another one the next time.
"""

import hashlib
import secrets
import warnings
from pathlib import Path

_KEY = secrets.token_bytes(32)


def study_token(path: Path) -> str:
    """A token that the files of one examination share; "" where a file names no examination."""
    import pydicom

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            header = pydicom.dcmread(
                path, stop_before_pixels=True, specific_tags=["StudyInstanceUID"]
            )
            named = str(header.get("StudyInstanceUID", "") or "").strip()
    except Exception:  # noqa: BLE001 - no DICOM file, or a broken one: said when it is decoded
        return ""
    if not named:
        return ""
    return hashlib.blake2b(named.encode(), key=_KEY, digest_size=16).hexdigest()
