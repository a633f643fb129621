// What the Python door offers beside the kernel itself.
#pragma once
#include <nanobind/nanobind.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

namespace outcry {

void bind_wire(nanobind::module_& m);

}  // namespace outcry
