// Fuzz driver of the kernel, made to run under AddressSanitizer and UndefinedBehaviorSanitizer.
//
//   fuzz replay FILE...               apply the batches of each file, as they are
//   fuzz mutate SEED SECONDS FILE...  apply files again and again with damaged command bodies
//   fuzz random SEED SECONDS          apply batches drawn at random, extreme numbers and all
//   fuzz snapshots SEED SECONDS FILE...  restore damaged snapshots of the states that files lead to
//
// A file is a sequence of batches, each behind its length as four little-endian bytes; an empty one
// stands where the next kernel begins. What must hold: no fault, no report of a sanitizer, a full
// recount that adds up, events that frame, a snapshot that restores to the same bytes and makes the
// same events from there on. A broken promise ends the process with status 1 and leaves the batches
// that led there in TRACE (an environment variable), ready for replay; mode snapshots leaves rows.
#include <sanitizer/common_interface_defs.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>

#include "../src/hashing.hpp"
#include "../src/kernel.hpp"
#include "mutation.hpp"

namespace fuzz {
namespace {

using Clock = std::chrono::steady_clock;

std::vector<Bytes> trace;  // batches of the run under way
std::string under_way = "start";
unsigned long batches_applied = 0, commands_applied = 0, events_made = 0;
unsigned long restores = 0, refused = 0;

void write_trace() {
  std::fprintf(stderr, "under way: %s\n", under_way.c_str());
  const char* path = std::getenv("TRACE");
  if (path == nullptr) return;
  std::ofstream out(path, std::ios::binary);
  for (const Bytes& batch : trace) {
    const auto size = static_cast<std::uint32_t>(batch.size());
    out.write(reinterpret_cast<const char*>(&size), sizeof(size));
    out.write(batch.data(), static_cast<std::streamsize>(batch.size()));
  }
  std::fprintf(stderr, "the batches that led here are in %s\n", path);
}

[[noreturn]] void broken(const std::string& promise) {
  std::fprintf(stderr, "BROKEN: %s\n", promise.c_str());
  write_trace();
  std::fflush(nullptr);
  std::_Exit(1);
}

// The hash is the same whichever way its rounds are taken.
void compare_hashes() {
  std::vector<char> data(64 * Lanes::ROUND + 1);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(mix(i) & 0xFF);
  const std::vector<TakeRounds> ways = ways_to_take_rounds();
  for (std::size_t rounds = 0; rounds <= 64; ++rounds) {
    Lanes plain;
    ways.front()(plain.l.data(), data.data() + 1, rounds);
    for (const TakeRounds way : ways) {
      Lanes lanes;
      way(lanes.l.data(), data.data() + 1, rounds);
      if (lanes.l != plain.l) broken("two ways of taking rounds differ");
    }
  }
}

// Whatever is asked of the kernel takes much less than this, even here.
constexpr unsigned STEP_SECONDS_MAX = 60;

void on_alarm(int) { broken("it takes more than a minute: a loop without an end"); }

std::span<const char> span_of(const Bytes& bytes) { return {bytes.data(), bytes.size()}; }

Bytes snapshot_of(const Kernel& kernel) {
  Buffer out;
  kernel.snapshot(out);
  return {out.data(), out.data() + out.size()};
}

std::unique_ptr<Kernel> restored(const Bytes& rows) {
  ++restores;
  return Kernel::restore(span_of(rows), "");
}

// Reads through every view, so that the sanitizers see them work.
void look(Kernel& kernel) {
  Buffer out;
  kernel.asset_rows(out);
  kernel.market_rows(out);
  const std::vector<Record> rows = records_of({out.data(), out.size()}, 8);
  for (const Record& row : rows) {
    if (out.data()[row.at + 2] != MarketRow::KIND) continue;
    std::uint16_t id;
    std::memcpy(&id, out.data() + row.at + offsetof(MarketRow, market), sizeof(id));
    const auto bids = kernel.depth(id, 1, 1'000);
    const auto asks = kernel.depth(id, 2, 1'000);
    for (std::size_t i = 1; i < bids.size(); ++i) {
      if (bids[i].first >= bids[i - 1].first) broken("bids are not in order");
    }
    for (std::size_t i = 1; i < asks.size(); ++i) {
      if (asks[i].first <= asks[i - 1].first) broken("asks are not in order");
    }
    if (!bids.empty() && !asks.empty() && bids[0].first >= asks[0].first) {
      broken("the book is crossed");
    }
    for (const auto& side : {bids, asks}) {
      for (const auto& [price, lots] : side) {
        if (lots <= 0) broken("a level shows nothing");
      }
    }
    kernel.average_price(id);
  }
  for (std::uint64_t shard = 0; shard < 3; ++shard) {
    for (std::uint64_t i = 1; i < 8; ++i) {
      const std::uint64_t account = i << 10 | shard;
      kernel.open_orders(account, 0, out);
      kernel.balance_rows(account, out);
      OrderRow row;
      kernel.order_row(account, static_cast<std::int64_t>(account), row);
      kernel.order_row_by_client_id(account, 1, {'c', '1'}, row);
      AccountRow account_row;
      kernel.account_row(account, account_row);
      kernel.fee_rates(account, 1);
    }
  }
  kernel.memory();
}

// A kernel with its promises, and now and then a twin restored from its snapshot.
class Subject {
 public:
  Subject() : kernel_(std::make_unique<Kernel>(0, "")) { trace.clear(); }

  void apply(const Bytes& batch) {
    if (!Kernel::framed(span_of(batch))) return;
    trace.push_back(batch);
    step(*kernel_, batch);
    const Buffer& events = kernel_->events();
    const std::vector<Record> records = records_of({events.data(), events.size()}, HEADER_BYTES);
    events_made += records.size();
    std::size_t end = 0;
    for (const Record& r : records) end = r.at + r.size;
    if (end != events.size()) broken("the events do not frame");
    ++batches_applied;
    commands_applied += records_of(span_of(batch), HEADER_BYTES).size();
    if (twin_ == nullptr) return;
    step(*twin_, batch);
    if (twin_->events_hash() != kernel_->events_hash()) broken("the restored one went astray");
  }

  void examine() {
    under_way = "recount after batch " + std::to_string(trace.size());
    if (const std::string wrong = kernel_->recount(); !wrong.empty()) broken("recount: " + wrong);
    look(*kernel_);
    const Bytes rows = snapshot_of(*kernel_);
    under_way = "restore after batch " + std::to_string(trace.size());
    try {
      twin_ = restored(rows);
    } catch (const std::invalid_argument&) {
      broken("a kernel's own snapshot was refused");
    }
    if (snapshot_of(*twin_) != rows) broken("the restored one has another snapshot");
    if (twin_->state_hash() != kernel_->state_hash()) broken("the restored one hashes otherwise");
  }

  Bytes snapshot() const { return snapshot_of(*kernel_); }

 private:
  static void step(Kernel& kernel, const Bytes& batch) {
    std::uint32_t at = 0;
    alarm(STEP_SECONDS_MAX);
    try {
      under_way = "batch " + std::to_string(trace.size());
      kernel.apply(span_of(batch), kernel.seq() + 1, {}, at);
    } catch (const Fault& fault) {
      broken("command " + std::to_string(at) + " of batch " + std::to_string(trace.size()) +
             " faulted: " + fault.message);
    }
  }

  std::unique_ptr<Kernel> kernel_;
  std::unique_ptr<Kernel> twin_;
};

using Batches = std::vector<Bytes>;

// The runs of a file.
std::vector<Batches> read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const Bytes bytes{std::istreambuf_iterator<char>(in), {}};
  std::vector<Batches> runs(1);
  for (std::size_t at = 0; at + 4 <= bytes.size();) {
    std::uint32_t size;
    std::memcpy(&size, bytes.data() + at, sizeof(size));
    at += 4;
    if (size > bytes.size() - at) throw std::runtime_error(path + " is torn");
    const auto from = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    if (size == 0) runs.emplace_back();
    if (size != 0) runs.back().emplace_back(from, from + static_cast<std::ptrdiff_t>(size));
    at += size;
  }
  if (runs.back().empty()) throw std::runtime_error(path + " holds an empty run");
  return runs;
}

void replay(const Batches& batches) {
  Subject subject;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    subject.apply(batches[i]);
    if (i % 64 == 63) subject.examine();
  }
  subject.examine();
}

void mutate(Dice& dice, const Batches& batches, Clock::time_point end) {
  Subject subject;
  const std::uint64_t one_in = dice.any<std::uint64_t>({1, 3, 10});
  for (std::size_t i = 0; i < batches.size() && Clock::now() < end; ++i) {
    subject.apply(i > 0 && dice.once_in(one_in) ? mutated(dice, batches[i]) : batches[i]);
    if (dice.once_in(40)) subject.examine();
  }
  subject.examine();
}

void draw(Dice& dice, Clock::time_point end) {
  Subject subject;
  Generator generator(dice);
  subject.apply(generator.opening());
  if (dice.once_in(200)) subject.apply(generator.crowd());
  for (std::uint64_t i = dice.below(600); i > 0 && Clock::now() < end; --i) {
    const Bytes batch = generator.batch();
    subject.apply(dice.once_in(4) ? mutated(dice, batch) : batch);
    if (dice.once_in(40)) subject.examine();
  }
  subject.examine();
}

// Damaged rows are refused, or they are the rows of a state that adds up: the same come out again.
void tear(Dice& dice, const Bytes& rows, Clock::time_point end) {
  for (std::uint64_t i = 0; i < 200 && Clock::now() < end; ++i) {
    const Bytes bad = damaged(dice, rows);
    trace = {bad};
    alarm(STEP_SECONDS_MAX);
    under_way = "restore of damaged rows";
    try {
      const std::unique_ptr<Kernel> kernel = restored(bad);
      if (!kernel->recount().empty()) broken("damaged rows were restored and do not add up");
      if (snapshot_of(*kernel) != bad) broken("damaged rows were restored to other rows");
      look(*kernel);
    } catch (const std::invalid_argument&) {
      ++refused;
    }
  }
}

void tear_along(Dice& dice, const Batches& batches, Clock::time_point end) {
  Subject subject;
  const std::size_t stop = 1 + dice.below(batches.size());
  for (std::size_t i = 0; i < stop; ++i) subject.apply(batches[i]);
  tear(dice, subject.snapshot(), end);
}

int run(int count, char** words) {
  const std::string mode = count > 1 ? words[1] : "";
  if (mode == "replay" && count > 2) {
    for (int i = 2; i < count; ++i) {
      for (const Batches& batches : read(words[i])) replay(batches);
    }
    return 0;
  }
  const bool files = mode == "mutate" || mode == "snapshots";
  if (!(files && count > 4) && !(mode == "random" && count == 4)) return 2;
  const std::uint64_t seed = std::stoull(words[2]);
  const auto end = Clock::now() + std::chrono::milliseconds(std::stoll(words[3]) * 1'000);
  std::vector<std::vector<Batches>> corpus;
  for (int i = 4; i < count; ++i) corpus.push_back(read(words[i]));
  const auto any_run = [&](Dice& dice) -> const Batches& {
    const auto& runs = corpus[dice.below(corpus.size())];
    return runs[dice.below(runs.size())];
  };
  for (std::uint64_t round = 0; Clock::now() < end; ++round) {
    Dice dice(seed << 32 | round);
    if (mode == "random") {
      draw(dice, end);
    } else if (mode == "mutate") {
      mutate(dice, any_run(dice), end);
    } else {
      tear_along(dice, any_run(dice), end);
    }
  }
  return 0;
}

}  // namespace
}  // namespace fuzz

int main(int count, char** words) {
  __sanitizer_set_death_callback(fuzz::write_trace);
  std::signal(SIGALRM, fuzz::on_alarm);
  fuzz::compare_hashes();
  const int status = fuzz::run(count, words);
  if (status == 2) {
    std::fprintf(stderr, "usage: fuzz replay FILE... | mutate SEED SECONDS FILE... |"
                         " random SEED SECONDS | snapshots SEED SECONDS FILE...\n");
  }
  std::printf("batches %lu commands %lu events %lu restores %lu refused %lu\n",
              fuzz::batches_applied, fuzz::commands_applied, fuzz::events_made, fuzz::restores,
              fuzz::refused);
  return status;
}
