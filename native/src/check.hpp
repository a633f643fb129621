// Faults: what must never happen inside the kernel, checked in every build.
#pragma once
#include <cstdint>
#include <string>

namespace outcry {

// Thrown when an invariant of the kernel fails. The instance is dead afterwards: the caller discards it.
struct Fault {
  std::string message;
};

[[noreturn]] [[gnu::cold]] [[gnu::noinline]] void fail(const char* what, const char* file, int line);

#define OUTCRY_STRING_(x) #x
#define OUTCRY_CHECK(condition)                                       \
  do {                                                                \
    if (!(condition)) [[unlikely]]                                    \
      ::outcry::fail(#condition, __FILE__, __LINE__);                 \
  } while (false)

// Seeded faults: only in the build made to show that the checks bite (OUTCRY_FAULTS=1).
#ifdef OUTCRY_FAULTS
extern int active_mutant;
#define MUTANT(number) (::outcry::active_mutant == (number))
#define ANY_MUTANT (::outcry::active_mutant != 0)
#else
#define MUTANT(number) false
#define ANY_MUTANT false
#endif

}  // namespace outcry
