// SPDX-License-Identifier: Apache-2.0
#include "varve/line_editor.h"

#include <histedit.h>
#include <langinfo.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cwchar>

#include "varve/interrupt.h"

namespace varve {
namespace {

constexpr int kRememberedMax = 1'000;

/// Bytes of the terminal are read as UTF-8, whatever else the locale says.
void choose_locale() {
  std::setlocale(LC_CTYPE, "");
  if (std::string_view(nl_langinfo(CODESET)) != "UTF-8") std::setlocale(LC_CTYPE, "C.UTF-8");
}

/// One character: 1, or 0 at the end, or -1 for libedit to give up the line. Our own reader, since
/// libedit's goes on reading after a signal.
int read_character(EditLine*, wchar_t* character) {
  std::mbstate_t state{};
  for (;;) {
    char byte = 0;
    const auto count = ::read(STDIN_FILENO, &byte, 1);
    if (count < 0 && errno == EINTR && !is_interrupted()) continue;
    if (count <= 0) return static_cast<int>(count);
    const size_t used = std::mbrtowc(character, &byte, 1, &state);
    if (used == static_cast<size_t>(-2)) continue;
    if (used == static_cast<size_t>(-1)) *character = L'?';
    return 1;
  }
}

}  // namespace

struct LineEditor::State {
  static char* prompt_of(EditLine* editor) {
    State* state = nullptr;
    el_get(editor, EL_CLIENTDATA, &state);
    return state->prompt.data();
  }

  EditLine* editor = nullptr;
  History* history = nullptr;
  std::string prompt;
};

LineEditor::LineEditor() : state_(std::make_unique<State>()) {
  choose_locale();
  HistEvent event;
  state_->history = history_init();
  history(state_->history, &event, H_SETSIZE, kRememberedMax);
  history(state_->history, &event, H_SETUNIQUE, 1);
  state_->editor = el_init("varve", stdin, stdout, stderr);
  el_set(state_->editor, EL_CLIENTDATA, state_.get());
  el_set(state_->editor, EL_PROMPT, &State::prompt_of);
  el_set(state_->editor, EL_EDITOR, "emacs");
  el_set(state_->editor, EL_HIST, history, state_->history);
  el_set(state_->editor, EL_GETCFN, &read_character);
  el_set(state_->editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
}

LineEditor::~LineEditor() {
  el_end(state_->editor);
  history_end(state_->history);
}

void LineEditor::remember(std::string_view line) {
  HistEvent event;
  history(state_->history, &event, H_ENTER, std::string(line).c_str());
}

TypedLine LineEditor::read(const std::string& prompt) {
  state_->prompt = prompt;
  forget_interrupt();
  int length = 0;
  const char* text = el_gets(state_->editor, &length);
  if (is_interrupted()) {
    forget_interrupt();
    el_reset(state_->editor);
    std::puts("^C");
    return {.end = TypedEnd::kInterrupt, .text = {}};
  }
  if (text == nullptr || length <= 0) return {.end = TypedEnd::kEnd, .text = {}};
  std::string line(text, static_cast<size_t>(length));
  while (line.ends_with('\n') || line.ends_with('\r')) line.pop_back();
  return {.end = TypedEnd::kLine, .text = std::move(line)};
}

}  // namespace varve
