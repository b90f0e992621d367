// SPDX-License-Identifier: Apache-2.0
#include "serve/udp/listener.h"

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <utility>

#include "base/log.h"
#include "base/metrics.h"
#include "base/thread.h"
#include "codec/line_protocol.h"

namespace varve::udp {
namespace {

namespace asio = boost::asio;
using asio::ip::udp;

/// The largest datagram there is.
constexpr size_t kDatagramBytesMax = 64 * 1024;

struct Metrics {
  metrics::Counter& datagrams =
      metrics::counter("varve_udp_datagrams_total", "Datagrams of line protocol received.");
  metrics::Counter& bytes = metrics::counter("varve_udp_bytes_total", "Bytes in them.");
  metrics::Counter& points =
      metrics::counter("varve_udp_points_total", "Points of datagrams stored.");
  metrics::Counter& dropped = metrics::counter(
      "varve_udp_datagrams_dropped_total", "Datagrams left out since too many batches waited.");
  metrics::Counter& errors =
      metrics::counter("varve_udp_errors_total", "Batches with a line or a point left out.");
};

Metrics& figures() {
  static Metrics all;
  return all;
}

[[maybe_unused]] const Metrics& registered = figures();

/// Whether a line behind the datagram is a line of its own: a text that is not closed, or a
/// backslash at the end, would take it, and with it the points of another sender.
bool is_whole(std::string_view datagram) {
  constexpr std::string_view kNext = "next v=1 1";
  if (!datagram.ends_with('\\') && datagram.find('"') == std::string_view::npos) return true;
  std::string text(datagram);
  text += '\n';
  text += kNext;
  const auto source = make_line_protocol_source(std::move(text), {});
  PointChunk chunk;
  bool is_next_last = false;
  while (source->next(chunk)) {
    if (!chunk.points.empty()) is_next_last = chunk.points.back().line == kNext;
  }
  return is_next_last;
}

}  // namespace

class Listener::Loop {
 public:
  Loop(Catalog& catalog, Ingest& ingest, const Clock& clock, ListenerOptions options)
      : catalog_(catalog), ingest_(ingest), clock_(clock), options_(std::move(options)) {}

  ~Loop() { stop(); }

  Result<uint16_t> start() {
    boost::system::error_code error;
    udp::resolver resolver(context_);
    const auto found = resolver.resolve(options_.host, std::to_string(options_.port),
                                        udp::resolver::passive, error);
    const auto refused = [&](std::string_view what) {
      return fail(ErrorCode::kIo, "cannot " + std::string(what) + " UDP " + options_.host + ":" +
                                      std::to_string(options_.port) + ": " + error.message());
    };
    if (error || found.empty()) return refused("resolve");
    const udp::endpoint endpoint = *found.begin();
    socket_.open(endpoint.protocol(), error);
    if (error) return refused("open");
    if (options_.receive_buffer_bytes > 0) {
      socket_.set_option(asio::socket_base::receive_buffer_size(
                             static_cast<int>(options_.receive_buffer_bytes)),
                         error);
      if (error) return refused("set the receive buffer of");
    }
    socket_.bind(endpoint, error);
    if (error) return refused("listen at");
    receive();
    thread_ = Thread("udp", [this] { context_.run(); });
    return socket_.local_endpoint().port();
  }

  void stop() {
    context_.stop();
    if (!thread_.joinable()) return;
    thread_.join();
    take_what_arrived();
    hand_over();
  }

 private:
  /// Outlives the loop in the hands of writes that are under way.
  struct Flight {
    std::atomic<size_t> batches{0};
  };

  void receive() {
    socket_.async_receive_from(
        asio::buffer(datagram_), sender_, [this](boost::system::error_code error, size_t size) {
          if (error == asio::error::operation_aborted) return;
          if (!error) take(std::string_view(datagram_.data(), size));
          receive();
        });
  }

  /// What the system has received already.
  void take_what_arrived() {
    boost::system::error_code error;
    socket_.non_blocking(true, error);
    while (!error) {
      const size_t size = socket_.receive_from(asio::buffer(datagram_), sender_, 0, error);
      if (!error) take(std::string_view(datagram_.data(), size));
    }
  }

  void take(std::string_view datagram) {
    auto& counts = figures();
    counts.datagrams.add();
    counts.bytes.add(datagram.size());
    const bool is_alone = !is_whole(datagram);
    if (is_alone || batch_.size() + datagram.size() + 1 > options_.batch_bytes_max) hand_over();
    if (batch_.empty() && flight_->batches.load() >= options_.batches_in_flight_max) {
      return counts.dropped.add();
    }
    if (batch_.empty()) {
      timer_.expires_after(std::chrono::milliseconds(options_.batch_age_max_ms));
      timer_.async_wait([this](boost::system::error_code error) {
        if (!error) hand_over();
      });
    }
    batch_ += datagram;
    batch_ += '\n';
    if (is_alone) hand_over();
  }

  void hand_over() {
    timer_.cancel();
    if (batch_.empty()) return;
    if (!catalog_.snapshot()->database(options_.target.database)) {
      const auto made = catalog_.create_database(options_.target.database, std::nullopt);
      if (!made) log::warn("udp.no_database", {{"reason", made.error().message}});
    }
    flight_->batches.fetch_add(1);
    auto points = make_line_protocol_source(
        std::exchange(batch_, {}), {.precision = options_.precision, .now_ns = clock_.now_ns()});
    ingest_.write(options_.target, std::move(points),
                  [flight = flight_](const Result<IngestSummary>& outcome) {
                    flight->batches.fetch_sub(1);
                    note(outcome);
                  });
  }

  static void note(const Result<IngestSummary>& outcome) {
    auto& counts = figures();
    if (!outcome) {
      counts.errors.add();
      return log::warn("udp.not_written", {{"reason", outcome.error().message}});
    }
    counts.points.add(outcome->rows_written);
    if (outcome->parse_errors.empty() && outcome->drop_reason.empty()) return;
    counts.errors.add();
    const auto& why = outcome->parse_errors.empty() ? outcome->drop_reason : outcome->parse_errors;
    log::debug("udp.left_out", {{"reason", why}});
  }

  Catalog& catalog_;
  Ingest& ingest_;
  const Clock& clock_;
  const ListenerOptions options_;
  asio::io_context context_{1};
  udp::socket socket_{context_};
  udp::endpoint sender_;
  asio::steady_timer timer_{context_};
  std::array<char, kDatagramBytesMax> datagram_;
  std::string batch_;
  std::shared_ptr<Flight> flight_ = std::make_shared<Flight>();
  Thread thread_;
};

Listener::Listener(Catalog& catalog, Ingest& ingest, const Clock& clock, ListenerOptions options)
    : loop_(std::make_unique<Loop>(catalog, ingest, clock, std::move(options))) {}

Listener::~Listener() = default;

Result<uint16_t> Listener::start() { return loop_->start(); }

void Listener::stop() { loop_->stop(); }

}  // namespace varve::udp
