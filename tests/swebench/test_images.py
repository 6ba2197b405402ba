"""The images' names, whether they fit, and why they can't be had."""

import re

import pytest

from pytest_mcode.benchmarks.swebench import to_task
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.harnesses.repositories.images import ImageNames

from . import instance

PUBLISHED = "swebench/sweb.eval.x86_64.django_1776_django-11039:latest"


@pytest.mark.parametrize(
    ("namespace", "arch", "name"),
    [
        (None, "x86_64", PUBLISHED),
        (None, "arm64", "swebench/sweb.eval.arm64.django_1776_django-11039:latest"),
        ("mirror.example:5000/swe", "x86_64", "mirror.example:5000/swe/" + PUBLISHED.partition("/")[2]),
        ("none", "x86_64", "sweb.eval.x86_64.django__django-11039:latest"),
    ],
)
def test_names_by_namespace_and_architecture(namespace, arch, name):
    task = to_task(instance.row(image=PUBLISHED))
    assert ImageNames(namespace=namespace, arch=arch).of(task) == name


def test_an_image_of_another_form_is_taken_as_it_is_or_refused():
    task = to_task(instance.row(image="registry.example/own:1"))
    assert ImageNames().of(task) == "registry.example/own:1"
    with pytest.raises(
        ConfigurationError, match=re.escape("not of the form NAMESPACE/sweb.eval.ARCH.ID:TAG")
    ):
        ImageNames(namespace="other").of(task)
    with pytest.raises(ConfigurationError, match="leave out --mcode-namespace and --mcode-arch"):
        ImageNames(arch="arm64").of(task)
