"""What a connector declares, what changed since its last release, and which version step that needs."""

from vaiven_api.release.compare import Change, Step, compare, enough, needed, step_of
from vaiven_api.release.declaration import FILE, declaration, digest, read

__all__ = ["FILE", "Change", "Step", "compare", "declaration", "digest", "enough", "needed", "read", "step_of"]
