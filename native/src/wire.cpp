// The bytes around a batch, for the ways that every order takes: the body of a plain order to its
// values, the stamp of a batch, its events in order, and the answer to a plain order. What is not
// plain is left to Python, which knows all the cases and all the words of a refusal.
#include "wire.hpp"

#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "numbers.hpp"
#include "records.gen.hpp"

namespace nb = nanobind;

namespace outcry {
namespace {

// -- the body of an order ------------------------------------------------------------------------

enum Name : u32 {
  SYMBOL,
  SIDE,
  TYPE,
  TIME_IN_FORCE,
  QUANTITY,
  PRICE,
  CLIENT_ORDER_ID,
  RESPONSE,
  WINDOW,
  TIMESTAMP,
  SIGNATURE,
  NAMES
};
constexpr std::array<std::string_view, NAMES> NAME_TEXTS = {
    "symbol",           "side",       "type",      "timeInForce", "quantity", "price",
    "newClientOrderId", "newOrderRespType", "recvWindow", "timestamp", "signature"};
constexpr u32 bit(Name name) { return 1u << name; }
constexpr u32 ALWAYS = bit(SYMBOL) | bit(SIDE) | bit(TYPE) | bit(QUANTITY) | bit(TIMESTAMP) |
                       bit(SIGNATURE);
constexpr std::size_t TIMESTAMP_DIGITS_MAX = 18;
constexpr std::size_t WINDOW_DIGITS_MAX = 5;

// What is the same decoded and not, and legal in a client order id: `[A-Za-z0-9._:/-]`.
constexpr bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '-' && c <= ':') || (c >= 'A' && c <= 'Z') || c == '_';
}

std::optional<i64> digits(std::string_view text, std::size_t most) {
  i64 value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || text.size() > most || text[0] == '-') return std::nullopt;
  return value;
}

template <class T, std::size_t N>
u32 number_of(std::string_view text, const std::array<std::pair<std::string_view, T>, N>& words) {
  for (const auto& [word, number] : words) {
    if (word == text) return static_cast<u32>(number);
  }
  return 0;
}

constexpr std::array<std::pair<std::string_view, Side>, 2> SIDE_WORDS = {
    {{"BUY", Side::BUY}, {"SELL", Side::SELL}}};
constexpr std::array<std::pair<std::string_view, OrderType>, 3> TYPE_WORDS = {
    {{"LIMIT", OrderType::LIMIT},
     {"MARKET", OrderType::MARKET},
     {"LIMIT_MAKER", OrderType::LIMIT_MAKER}}};
constexpr std::array<std::pair<std::string_view, TimeInForce>, 3> TIME_WORDS = {
    {{"GTC", TimeInForce::GTC}, {"IOC", TimeInForce::IOC}, {"FOK", TimeInForce::FOK}}};

// The values of a body in which each known name comes once with a plain value, the signature last.
struct Body {
  std::array<std::string_view, NAMES> values;
  u32 given = 0;
  std::size_t signed_bytes = 0;

  bool split(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
      if ((given & bit(SIGNATURE)) != 0) return false;
      const std::size_t begun = at;
      const std::size_t equals = text.find('=', at);
      if (equals == std::string_view::npos) return false;
      const std::string_view name = text.substr(at, equals - at);
      u32 number = 0;
      while (number < NAMES && NAME_TEXTS[number] != name) ++number;
      if (number == NAMES || (given >> number & 1) != 0) return false;
      at = equals + 1;
      while (at < text.size() && is_plain(text[at])) ++at;
      values[number] = text.substr(equals + 1, at - equals - 1);
      if (values[number].empty()) return false;
      given |= 1u << number;
      if (number == SIGNATURE && begun > 0) signed_bytes = begun - 1;  // not the '&' before it
      if (at < text.size() && (text[at++] != '&' || at == text.size())) return false;
    }
    return signed_bytes > 0;
  }
};

// What a type of order must be sent with, and what with it must not be.
bool has_what_it_needs(u32 given, u32 type) {
  const u32 choice = given & (bit(TIME_IN_FORCE) | bit(PRICE));
  if ((given & ALWAYS) != ALWAYS) return false;
  if (type == static_cast<u32>(OrderType::LIMIT)) return choice == (bit(TIME_IN_FORCE) | bit(PRICE));
  if (type == static_cast<u32>(OrderType::LIMIT_MAKER)) return choice == bit(PRICE);
  return type == static_cast<u32>(OrderType::MARKET) && choice == 0;
}

nb::object text_or_none(std::string_view text) {
  return text.empty() ? nb::none() : nb::object(nb::str(text.data(), text.size()));
}

nb::object read_order(nb::bytes sent) {
  Body body;
  const std::string_view text(sent.c_str(), sent.size());
  if (!body.split(text)) return nb::none();
  const auto& values = body.values;
  const u32 side = number_of(values[SIDE], SIDE_WORDS);
  const u32 type = number_of(values[TYPE], TYPE_WORDS);
  if (side == 0 || !has_what_it_needs(body.given, type)) return nb::none();
  u32 time_in_force = 0;
  if (!values[TIME_IN_FORCE].empty()) {
    time_in_force = number_of(values[TIME_IN_FORCE], TIME_WORDS);
    if (time_in_force == 0) return nb::none();
  }
  const std::optional<i64> time = digits(values[TIMESTAMP], TIMESTAMP_DIGITS_MAX);
  std::optional<i64> window = -1;
  if (!values[WINDOW].empty()) window = digits(values[WINDOW], WINDOW_DIGITS_MAX);
  if (!time || !window || values[CLIENT_ORDER_ID].size() > sizeof(NewOrder::client_order_id)) {
    return nb::none();
  }
  nb::object id = nb::none();
  if (!values[CLIENT_ORDER_ID].empty()) {
    id = nb::bytes(values[CLIENT_ORDER_ID].data(), values[CLIENT_ORDER_ID].size());
  }
  return nb::make_tuple(text_or_none(values[SYMBOL]), side, type, time_in_force,
                        text_or_none(values[PRICE]), text_or_none(values[QUANTITY]), id,
                        text_or_none(values[RESPONSE]), *time, *window,
                        nb::bytes(text.data(), body.signed_bytes), text_or_none(values[SIGNATURE]));
}

// -- a batch -------------------------------------------------------------------------------------

nb::bytes stamp(nb::list commands, i64 time_us) {
  std::size_t size = 0;
  for (const nb::handle command : commands) size += nb::cast<nb::bytes>(command).size();
  const nb::object joined = nb::steal(PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(size)));
  if (!joined.is_valid()) throw nb::python_error();
  char* at = PyBytes_AS_STRING(joined.ptr());
  for (const nb::handle item : commands) {
    const auto command = nb::cast<nb::bytes>(item);
    if (command.size() < sizeof(Tick)) throw nb::value_error("not a command record");
    std::memcpy(at, command.c_str(), command.size());
    std::memcpy(at + offsetof(Tick, time_us), &time_us, sizeof(time_us));
    at += command.size();
  }
  return nb::cast<nb::bytes>(joined);
}

// The head that all events share, as the smallest of them has it.
struct EventHead {
  decltype(EpochEvent::size) size = 0;
  decltype(EpochEvent::kind) kind = 0;
  decltype(EpochEvent::command) command = 0;

  // False when no event begins here or not all of it is here.
  bool read(const char* at, std::size_t left) {
    if (left < sizeof(EpochEvent)) return false;
    std::memcpy(&size, at + offsetof(EpochEvent, size), sizeof(size));
    std::memcpy(&kind, at + offsetof(EpochEvent, kind), sizeof(kind));
    std::memcpy(&command, at + offsetof(EpochEvent, command), sizeof(command));
    return size >= sizeof(EpochEvent) && size <= left;
  }
};

nb::tuple sort_events(nb::bytes events, u32 commands) {
  const char* data = events.c_str();
  const std::size_t end = events.size();
  nb::list bounds;
  nb::dict places;
  std::array<nb::handle, 256> lists;  // the same lists by kind; `places` keeps them
  u32 command = 0;
  bounds.append(0);
  EventHead head;
  for (std::size_t at = 0; at < end; at += head.size) {
    if (!head.read(data + at, end - at) || head.command < command || head.command >= commands) {
      throw nb::value_error("not the events of so many commands, in order");
    }
    for (; command < head.command; ++command) bounds.append(at);
    nb::handle& list = lists[head.kind];
    if (!list.is_valid()) {
      nb::list made;
      places[nb::int_(head.kind)] = made;
      list = made;
    }
    nb::borrow<nb::list>(list).append(at);
  }
  for (; command < commands; ++command) bounds.append(end);
  return nb::make_tuple(bounds, places);
}

// -- the answer to an order ----------------------------------------------------------------------

// A unit of money or quantity as decimal text: so many atoms of an asset with so many places.
struct Decimal {
  i64 atoms;
  int places;

  bool write(std::string& out, i64 units) const {
    i64 value;
    if (units < 0 || __builtin_mul_overflow(units, atoms, &value)) return false;
    char text[24];
    char* const last = text + sizeof(text);
    char* at = last;
    for (int written = 0; value != 0 || written <= places; ++written) {
      if (written == places && places != 0) *--at = '.';
      *--at = static_cast<char>('0' + value % 10);
      value /= 10;
    }
    out.append(at, static_cast<std::size_t>(last - at));
    return true;
  }
};

void write_integer(std::string& out, i64 value) {
  char text[24];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), value);
  out.append(text, end);
}

// What one command made of the order that it placed; false when that is no plain order's story.
struct Placed {
  OrderEvent state;
  std::vector<OrderEvent> fills;

  bool read(const char* data, std::size_t size, u64 account_id) {
    bool found = false;
    fills.clear();
    EventHead head;
    for (std::size_t at = 0; at < size; at += head.size) {
      if (!head.read(data + at, size - at)) return false;
      if (head.kind == OrderEvent::KIND && head.size == sizeof(OrderEvent)) {
        OrderEvent event;
        std::memcpy(&event, data + at, sizeof(event));
        if (found && event.order_id == state.order_id) {
          state = event;
          if (event.execution == static_cast<u8>(Execution::TRADE)) fills.push_back(event);
        } else if (event.execution == static_cast<u8>(Execution::NEW) &&
                   event.account_id == account_id) {
          state = event;
          found = true;
        }
      } else if (head.kind != TradeEvent::KIND && head.kind != LevelEvent::KIND) {
        return false;
      }
    }
    return found && is_plain();
  }

 private:
  bool is_plain() const {
    return state.order_type <= static_cast<u8>(OrderType::LIMIT_MAKER) &&
           state.status <= static_cast<u8>(OrderStatus::FILLED) && state.prevented_lots == 0 &&
           state.iceberg_lots == 0 && state.strategy_id == 0 && state.strategy_type == 0;
  }
};

constexpr i64 MILLISECOND_US = 1000;
enum class Response { ACK, RESULT, FULL };

// Writes the answers to plain orders of one market, as `gateways/edge/replies.py` does.
class OrderWriter {
 public:
  OrderWriter(std::string symbol, const std::pair<std::string, int>& base,
              const std::pair<std::string, int>& quote, i64 tick_atoms, i64 lot_atoms,
              std::vector<std::vector<std::string>> words)
      : symbol_(std::move(symbol)),
        base_name_(base.first),
        quote_name_(quote.first),
        base_{1, base.second},
        quote_{1, quote.second},
        price_{tick_atoms, quote.second},
        qty_{lot_atoms, base.second},
        words_(std::move(words)) {
    if (words_.size() != WORDS) throw nb::value_error("five lists of words");
  }

  nb::object placed(nb::bytes events, u64 account_id, const std::string& response) {
    if (!placed_.read(events.c_str(), events.size(), account_id)) return nb::none();
    out_.clear();
    const bool done = write(response == "FULL"     ? Response::FULL
                            : response == "RESULT" ? Response::RESULT
                                                   : Response::ACK);
    return done ? nb::object(nb::bytes(out_.data(), out_.size())) : nb::none();
  }

 private:
  enum { STATUS, TIME, TYPE_, SIDE_, STP, WORDS };

  OrderWriter& text(std::string_view more) {
    out_ += more;
    return *this;
  }
  OrderWriter& integer(i64 value) {
    write_integer(out_, value);
    return *this;
  }
  bool word(std::string_view before, int list, std::size_t number) {
    if (number >= words_[list].size()) return false;
    text(before).text(words_[list][number]);
    return true;
  }
  bool amount(std::string_view before, const Decimal& unit, i64 units) {
    return unit.write(text(before).out_, units);
  }

  bool write(Response response) {
    const OrderEvent& o = placed_.state;
    text(R"({"symbol":")").text(symbol_).text(R"(","orderId":)").integer(o.order_id);
    text(R"(,"orderListId":-1,"clientOrderId":")");
    text({o.client_order_id, ::strnlen(o.client_order_id, sizeof(o.client_order_id))});
    text(R"(","transactTime":)").integer(o.created_us / MILLISECOND_US);
    if (response == Response::ACK) {
      text("}");
      return true;
    }
    if (!figures(o)) return false;
    text(R"(","workingTime":)").integer(o.working_us <= 0 ? -1 : o.working_us / MILLISECOND_US);
    if (response == Response::FULL && !fills()) return false;
    if (!word(R"(,"selfTradePreventionMode":")", STP, o.stp_mode)) return false;
    text("\"}");
    return true;
  }

  bool figures(const OrderEvent& o) {
    const i64 qty = o.qty_lots != 0 ? o.qty_lots : o.executed_lots;
    return amount(R"(,"price":")", price_, o.price_ticks) && amount(R"(","origQty":")", qty_, qty) &&
           amount(R"(","executedQty":")", qty_, o.executed_lots) &&
           amount(R"(","origQuoteOrderQty":")", quote_, o.quote_order_atoms) &&
           amount(R"(","cummulativeQuoteQty":")", quote_, o.executed_quote_atoms) &&
           word(R"(","status":")", STATUS, o.status) &&
           word(R"(","timeInForce":")", TIME, o.time_in_force) &&
           word(R"(","type":")", TYPE_, o.order_type) && word(R"(","side":")", SIDE_, o.side);
  }

  bool fills() {
    text(R"(,"fills":[)");
    std::string_view before = R"({"price":")";
    for (const OrderEvent& fill : placed_.fills) {
      const bool buys = fill.side == static_cast<u8>(Side::BUY);
      if (!amount(before, price_, fill.last_ticks) ||
          !amount(R"(","qty":")", qty_, fill.last_lots) ||
          !amount(R"(","commission":")", buys ? base_ : quote_, fill.fee_atoms)) {
        return false;
      }
      text(R"(","commissionAsset":")").text(buys ? base_name_ : quote_name_);
      text(R"(","tradeId":)").integer(fill.match_id).text("}");
      before = R"(,{"price":")";
    }
    text("]");
    return true;
  }

  std::string symbol_, base_name_, quote_name_;
  Decimal base_, quote_, price_, qty_;
  std::vector<std::vector<std::string>> words_;
  Placed placed_;
  std::string out_;
};

}  // namespace

void bind_wire(nb::module_& m) {
  m.def("read_order", &read_order, nb::arg("body"));
  m.def("stamp", &stamp, nb::arg("commands"), nb::arg("time_us"));
  m.def("sort_events", &sort_events, nb::arg("events"), nb::arg("commands"));
  nb::class_<OrderWriter>(m, "OrderWriter")
      .def(nb::init<std::string, std::pair<std::string, int>, std::pair<std::string, int>, i64, i64,
                    std::vector<std::vector<std::string>>>(),
           nb::arg("symbol"), nb::arg("base"), nb::arg("quote"), nb::arg("tick_atoms"),
           nb::arg("lot_atoms"), nb::arg("words"))
      .def("placed", &OrderWriter::placed, nb::arg("events"), nb::arg("account_id"),
           nb::arg("response"));
}

}  // namespace outcry
