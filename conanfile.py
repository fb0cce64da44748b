# SPDX-License-Identifier: Apache-2.0
import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import check_sha256, copy, load, rmdir, unzip
from conan.tools.gnu import PkgConfigDeps

required_conan_version = ">=2.0"


class BpflinkConan(ConanFile):
    name = "bpflink"
    description = "Linux BPF links as C++20 handles, ranges and composable operations"
    license = "Apache-2.0"
    topics = ("bpf", "ebpf", "linux", "kernel")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False]}
    default_options = {"shared": False, "fPIC": True}
    implements = ["auto_shared_fpic"]
    exports = "include/bpflink/version.hpp"
    # The tree's files, or the tarball that scripts/package --source puts beside a conandata.yml.
    exports_sources = "CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "modules/*", "src/*", "bpflink-*.tar.gz"
    test_package_folder = "test/package/conan"

    def set_version(self):
        if self.conan_data:
            self.version = next(iter(self.conan_data["sources"]))
            return
        header = load(self, os.path.join(self.recipe_folder, "include", "bpflink", "version.hpp"))
        self.version = ".".join(re.findall(r"VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", header))

    def layout(self):
        cmake_layout(self)

    def source(self):
        if self.conan_data:
            tarball = self.conan_data["sources"][self.version]
            check_sha256(self, tarball["filename"], tarball["sha256"])
            unzip(self, tarball["filename"], strip_root=True)

    def requirements(self):
        self.requires("range-v3/0.12.0", transitive_headers=True)
        self.requires("tl-expected/[>=1.0 <2]", transitive_headers=True)
        self.requires("libbpf/[>=1.3 <2]")
        self.requires("elfutils/0.190")
        self.requires("xz_utils/[>=5.4.5 <6]")

    def build_requirements(self):
        # And a clang, for the BPF program: cmake looks for one of the system's.
        self.tool_requires("cmake/[>=3.25]")
        if not self.conf.get("tools.gnu:pkg_config", check_type=str):
            self.tool_requires("pkgconf/[>=2.2 <3]")

    def validate(self):
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("BPF links are Linux's")
        check_min_cppstd(self, 20)

    def generate(self):
        toolchain = CMakeToolchain(self)
        for option in ("BPFLINK_BUILD_TESTS", "BPFLINK_BUILD_EXAMPLES", "BPFLINK_BUILD_TOOL", "BPFLINK_BUILD_MODULE"):
            toolchain.cache_variables[option] = False
        toolchain.cache_variables["BPFLINK_WITH_LZMA"] = True
        toolchain.generate()
        CMakeDeps(self).generate()
        PkgConfigDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        # Conan writes its own, from package_info.
        for directory in ("cmake", "pkgconfig"):
            rmdir(self, os.path.join(self.package_folder, "lib", directory))

    def package_info(self):
        self.cpp_info.libs = ["bpflink"]
        self.cpp_info.requires = ["range-v3::range-v3", "tl-expected::tl-expected", "libbpf::libbpf",
                                  "elfutils::libelf", "xz_utils::xz_utils"]
        self.cpp_info.set_property("cmake_file_name", "bpflink")
        self.cpp_info.set_property("cmake_target_name", "bpflink::bpflink")
        self.cpp_info.set_property("pkg_config_name", "bpflink")
