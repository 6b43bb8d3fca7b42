"""The files that belong to the project: what git tracks or would track; without git, all but the build."""

import pathlib
import subprocess


def project_files(root):
    root = pathlib.Path(root)
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", str(root), "ls-files", "-z", "--cached", "--others",
         "--exclude-standard"],
        capture_output=True, check=False) if (root / ".git").exists() else None
    if listed is not None and listed.returncode == 0:
        names = [pathlib.Path(name) for name in listed.stdout.decode().split("\0") if name]
    else:
        names = [path.relative_to(root) for path in root.rglob("*")]
    excluded = {".git", "build", "__pycache__"}  # folders: scripts/build is a file
    return sorted(name for name in names if (root / name).is_file() and not excluded & set(name.parts[:-1]))
