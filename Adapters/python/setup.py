"""Compiles the boundary module against libimmerse_stats, which `make python` has copied into the package."""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "immerse_stats._native",
            ["src/immerse_stats/_native.c"],
            include_dirs=["../../Sources/CImmerse/include"],
            library_dirs=["src/immerse_stats"],
            libraries=["immerse_stats"],
            extra_link_args=["-Wl,-rpath,$ORIGIN"],
            define_macros=[("Py_LIMITED_API", "0x030A0000")],
            py_limited_api=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp310"}},
)
