"""A lake that was made is changed, used, and destroyed."""

from __future__ import annotations

import pytest

from tests.terraform.lives import VARIANTS, Ended, Lives

pytestmark = pytest.mark.xdist_group("terraform")


def test_a_variable_changes_what_it_is_about_in_place_and_nothing_else(lives: Lives) -> None:
    changed = lives["usual"].changed
    assert changed.differing == {
        "aws_athena_workgroup.lake configuration",
        "aws_glue_job.clickstream default_arguments",
        "aws_glue_job.clickstream number_of_workers",
    }
    assert changed.second_plan == []


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_destroy_leaves_nothing_of_a_lake_that_was_used(lives: Lives, variant: str) -> None:
    assert lives[variant].ended == Ended(state="", left={})
