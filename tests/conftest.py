"""What tests of several folders share: the demo in miniature, run once."""

import pytest

from tests.workflow.conftest import MINIATURE, Project


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The demo in miniature, run to its end; leave it as it is."""
    project = Project(tmp_path_factory.mktemp("finished") / "project")
    miniature = project.configure("miniature.yaml", MINIATURE)
    run = project.snakemake("--profile", "profiles/local", "--configfile", miniature)
    assert run.returncode == 0, run.stdout
    project.output = run.stdout
    return project
