// The Python door: bytes in, bytes out; the interpreter lock is released where the work is.
#include <nanobind/nanobind.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "kernel.hpp"
#include "wire.hpp"

namespace nb = nanobind;
using namespace outcry;

namespace {

nb::bytes bytes_of(const Buffer& buffer) { return nb::bytes(buffer.data(), buffer.size()); }
nb::bytes bytes_of(const std::array<u64, 2>& digest) { return nb::bytes(digest.data(), 16); }
template <class R>
nb::object row_or_none(bool found, const R& row) {
  return found ? nb::object(nb::bytes(&row, sizeof(row))) : nb::none();
}

[[noreturn]] void raise_fault(u32 index, const std::string& message) {
  const nb::object type = nb::module_::import_("openoutcry.kernel.faults").attr("KernelFault");
  const nb::object error = type(index, message);
  PyErr_SetObject(type.ptr(), error.ptr());
  throw nb::python_error();
}

// Bytes, bytearray or memoryview, held while the kernel reads them. Records are read in place, so a
// slice that starts at an odd address is copied to an even one.
class View {
 public:
  explicit View(nb::handle object) {
    if (PyObject_GetBuffer(object.ptr(), &view_, PyBUF_SIMPLE) != 0) throw nb::python_error();
    if (reinterpret_cast<std::uintptr_t>(view_.buf) % alignof(u64) == 0) return;
    const auto size = static_cast<std::size_t>(view_.len);
    aligned_.resize((size + sizeof(u64) - 1) / sizeof(u64));
    std::memcpy(aligned_.data(), view_.buf, size);
  }
  ~View() { PyBuffer_Release(&view_); }
  View(const View&) = delete;
  View& operator=(const View&) = delete;
  std::span<const char> span() const {
    const void* data = aligned_.empty() ? view_.buf : aligned_.data();
    return {static_cast<const char*>(data), static_cast<std::size_t>(view_.len)};
  }

 private:
  Py_buffer view_{};
  std::vector<u64> aligned_;
};

// The bytes object that a long batch's events are written right into. It is kept, and written again once
// nobody else holds it any more: memory of that size is new and cold each time it is asked for. While
// somebody holds it, and for short batches, events go through the kernel's own buffer and are copied.
class Results {
 public:
  Results() = default;
  ~Results() { Py_XDECREF(kept_); }
  Results(const Results&) = delete;
  Results& operator=(const Results&) = delete;

  // Called with the interpreter lock, before and after a batch.
  void lend(Buffer& events, std::size_t command_bytes) {
    const std::size_t least = command_bytes * times_ + LENT_BYTES_MIN / 2;
    lent_ = least >= LENT_BYTES_MIN && least <= LENT_BYTES_MAX && make_room(least);
    if (lent_) events.lend(PyBytes_AS_STRING(kept_), room_);
  }
  nb::bytes taken(Buffer& events, std::size_t command_bytes) {
    const std::size_t size = events.size();
    if (command_bytes != 0) times_ = std::clamp(size / command_bytes + 1, times_, TIMES_MAX);
    const bool in_place = lent_ && events.data() == PyBytes_AS_STRING(kept_);
    if (in_place) cut(size);
    nb::bytes made = in_place ? nb::borrow<nb::bytes>(kept_) : bytes_of(events);
    events.take_back();
    return made;
  }

 private:
  static constexpr std::size_t LENT_BYTES_MIN = 32U << 10;
  static constexpr std::size_t LENT_BYTES_MAX = 16U << 20;
  static constexpr std::size_t TIMES_MAX = 8;

  bool make_room(std::size_t least) {
    if (kept_ != nullptr && Py_REFCNT(kept_) != 1) return false;
    if (room_ >= least) return true;
    Py_CLEAR(kept_);
    room_ = 0;
    kept_ = PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(least + least / 4));
    if (kept_ == nullptr) throw nb::python_error();
    room_ = least + least / 4;
    return true;
  }

  // Gives the object its size; a hash that was kept of earlier bytes is forgotten.
  void cut(std::size_t size) {
    Py_SET_SIZE(reinterpret_cast<PyVarObject*>(kept_), static_cast<Py_ssize_t>(size));
    PyBytes_AS_STRING(kept_)[size] = 0;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    reinterpret_cast<PyBytesObject*>(kept_)->ob_shash = -1;
#pragma GCC diagnostic pop
  }

  PyObject* kept_ = nullptr;
  std::size_t room_ = 0;  // bytes that it can hold
  std::size_t times_ = 4;  // most bytes of events that a byte of commands has led to
  bool lent_ = false;
};

// One instance of the kernel and whether it has faulted.
class Door {
 public:
  Door(u32 partition, nb::bytes poison)
      : kernel_(std::make_unique<Kernel>(partition, std::string(poison.c_str(), poison.size()))) {}
  explicit Door(std::unique_ptr<Kernel> kernel) : kernel_(std::move(kernel)) {}

  nb::bytes apply(nb::handle batch, u64 seq, nb::handle skip) {
    const Using use(*this);
    const View view(batch);
    const std::span<const char> commands = view.span();
    std::vector<u32> skipped;
    for (const nb::handle item : skip) skipped.push_back(nb::cast<u32>(item));
    if (seq != kernel_->seq() + 1) throw nb::value_error("seq is not the last one + 1");
    if (!Kernel::framed(commands)) throw nb::value_error("the batch is malformed");
    u32 at = 0;
    std::string message;
    results_.lend(kernel_->events(), commands.size());
    {
      const nb::gil_scoped_release release;
      try {
        kernel_->apply(commands, seq, skipped, at);
      } catch (const Fault& fault) {
        message = fault.message;
        dead_ = true;
      } catch (const std::bad_alloc&) {
        message = "out of memory";
        dead_ = true;
      }
    }
    if (dead_) raise_fault(at, message);
    return results_.taken(kernel_->events(), commands.size());
  }

  void alive() const {
    if (dead_) throw std::runtime_error("this kernel has faulted and must be discarded");
    if (busy_) throw std::runtime_error("this kernel is in use by another thread");
  }
  Kernel& live() {
    alive();
    return *kernel_;
  }

  // While the interpreter lock is released nobody else may look into the kernel or change it.
  class Using {
   public:
    explicit Using(Door& door) : door_(door) {
      door.alive();
      door.busy_ = true;
    }
    ~Using() { door_.busy_ = false; }
    Using(const Using&) = delete;
    Using& operator=(const Using&) = delete;

   private:
    Door& door_;
  };

 private:
  std::unique_ptr<Kernel> kernel_;
  Results results_;
  bool dead_ = false;
  bool busy_ = false;  // read and written with the interpreter lock held
};

template <class F>
nb::bytes rows(Door& door, F collect) {
  Buffer out;
  collect(door.live(), out);
  return bytes_of(out);
}

ClientId client_id(nb::bytes text) {
  ClientId id{};
  if (text.size() > id.size()) throw nb::value_error("a client order id has at most 36 bytes");
  std::copy_n(text.c_str(), text.size(), id.begin());
  return id;
}

}  // namespace

NB_MODULE(_native, m) {
  m.doc() = "The matching kernel; see docs/internals/kernel-semantics.md.";
  // A server freezes what its collector need not look at, so a kernel may live until the process ends.
  nb::set_leak_warnings(false);
#ifdef OUTCRY_FAULTS
  m.def("set_mutant", [](int number) { active_mutant = number; });
#endif
  nb::class_<Door>(m, "Kernel")
      .def(nb::init<u32, nb::bytes>(), nb::arg("partition") = 0, nb::kw_only(),
           nb::arg("poison_client_order_id") = nb::bytes("", 0))
      .def("apply", &Door::apply, nb::arg("batch"), nb::arg("seq"), nb::arg("skip") = nb::tuple())
      .def("seq", [](Door& d) { return d.live().seq(); })
      .def("time_us", [](Door& d) { return d.live().time_us(); })
      .def("partition", [](Door& d) { return d.live().partition(); })
      .def("pending", [](Door& d) { return d.live().pending(); })
      .def("events_hash", [](Door& d) { return bytes_of(d.live().events_hash()); })
      .def("state_hash",
           [](Door& d) {
             Kernel& k = d.live();
             const Door::Using use(d);
             std::array<u64, 2> digest{};
             {
               const nb::gil_scoped_release release;
               digest = k.state_hash();
             }
             return bytes_of(digest);
           })
      .def("recount",
           [](Door& d) {
             Kernel& k = d.live();
             const Door::Using use(d);
             const nb::gil_scoped_release release;
             return k.recount();
           })
      .def("snapshot",
           [](Door& d) {
             Kernel& k = d.live();
             const Door::Using use(d);
             Buffer out;
             {
               const nb::gil_scoped_release release;
               k.snapshot(out);
             }
             return bytes_of(out);
           })
      .def_static(
          "restore",
          [](nb::handle data, nb::bytes poison, bool checked) {
            const View view(data);
            std::string text(poison.c_str(), poison.size());
            std::unique_ptr<Kernel> kernel;
            {
              const nb::gil_scoped_release release;
              kernel = Kernel::restore(view.span(), std::move(text), checked);
            }
            return std::make_unique<Door>(std::move(kernel));
          },
          nb::arg("data"), nb::kw_only(), nb::arg("poison_client_order_id") = nb::bytes("", 0),
          nb::arg("checked") = false)
      .def("order",
           [](Door& d, u64 account, i64 order) {
             OrderRow row;
             return row_or_none(d.live().order_row(account, order, row), row);
           })
      .def("order_by_client_id",
           [](Door& d, u64 account, u16 market, nb::bytes id) {
             OrderRow row;
             return row_or_none(
                 d.live().order_row_by_client_id(account, market, client_id(id), row), row);
           })
      .def(
          "open_orders",
          [](Door& d, u64 account, u16 market) {
            return rows(d, [&](Kernel& k, Buffer& out) { k.open_orders(account, market, out); });
          },
          nb::arg("account_id"), nb::arg("market") = 0)
      .def("balances",
           [](Door& d, u64 account) {
             return rows(d, [&](Kernel& k, Buffer& out) { k.balance_rows(account, out); });
           })
      .def("account",
           [](Door& d, u64 account) {
             AccountRow row;
             return row_or_none(d.live().account_row(account, row), row);
           })
      .def("market",
           [](Door& d, u16 market) {
             MarketRow row;
             return row_or_none(d.live().market_row(market, row), row);
           })
      .def("markets",
           [](Door& d) { return rows(d, [](Kernel& k, Buffer& out) { k.market_rows(out); }); })
      .def("assets",
           [](Door& d) { return rows(d, [](Kernel& k, Buffer& out) { k.asset_rows(out); }); })
      .def("meta",
           [](Door& d) { return rows(d, [](Kernel& k, Buffer& out) { k.meta_row(out); }); })
      .def("shards",
           [](Door& d) { return rows(d, [](Kernel& k, Buffer& out) { k.shard_rows(out); }); })
      .def("accounts_count", [](Door& d) { return d.live().accounts(); })
      .def("orders_count", [](Door& d) { return d.live().orders(); })
      .def("depth",
           [](Door& d, u16 market, std::size_t limit) {
             Kernel& k = d.live();
             return std::pair{k.depth(market, static_cast<u8>(Side::BUY), limit),
                              k.depth(market, static_cast<u8>(Side::SELL), limit)};
           })
      .def("average_price_ticks", [](Door& d, u16 m_) { return d.live().average_price(m_); })
      .def("fee_rates", [](Door& d, u64 account, u16 market) {
        return d.live().fee_rates(account, market);
      })
      .def("role", [](Door& d) { return static_cast<int>(d.live().role()); })
      .def("hosts", [](Door& d, u32 entity) { return d.live().hosts(entity); })
      .def("hosted", [](Door& d) { return d.live().hosted(); })
      .def(
          "outbox",
          [](Door& d, u32 source) {
            return rows(d, [&](Kernel& k, Buffer& out) { k.outbox(source, out); });
          },
          nb::arg("source") = 0)
      .def("departures", [](Door& d) { return d.live().departures(); })
      .def("arrivals", [](Door& d) { return d.live().arrivals(); })
      .def("export",
           [](Door& d, u32 entity) {
             return rows(d, [&](Kernel& k, Buffer& out) { k.export_rows(entity, out); });
           })
      .def("last_in",
           [](Door& d, u32 source, u32 destination) {
             return d.live().last_in(source, destination);
           })
      .def("link_positions", [](Door& d) { return d.live().link_positions(); })
      .def("memory", [](Door& d) {
        nb::dict result;
        for (const auto& [name, value] : d.live().memory()) result[name] = value;
        return result;
      });
  bind_wire(m);
}
