#include "core/qi/signature.hpp"

#include "core/qi/limits.hpp"
#include "core/qi/utf8.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace beckon::qi {

struct Signature::Node {
  Kind kind = Kind::void_;
  std::size_t minSize = 0;
  std::string annotation;
  bool annotated = false;  // "i<>" is not "i" in text()
  std::vector<std::shared_ptr<const Node>> children;

  void appendText(std::string& out) const {
    out += static_cast<char>(kind);
    for (const auto& child : children) child->appendText(out);
    if (kind == Kind::list) out += ']';
    if (kind == Kind::map) out += '}';
    if (kind == Kind::tuple) out += ')';
    if (annotated) out.append(1, '<').append(annotation).append(1, '>');
  }

  bool sameType(const Node& other) const {
    return kind == other.kind && std::ranges::equal(children, other.children, [](const auto& a, const auto& b) {
             return a == b || a->sameType(*b);
           });
  }

  bool mayHoldObjects() const {
    return kind == Kind::object || kind == Kind::dynamic ||
           std::ranges::any_of(children, [](const auto& child) { return child->mayHoldObjects(); });
  }

  void measure() {
    switch (kind) {
      case Kind::bool_:
      case Kind::int8:
      case Kind::uint8:
      case Kind::optional:
        minSize = 1;
        break;
      case Kind::int16:
      case Kind::uint16:
        minSize = 2;
        break;
      case Kind::int32:
      case Kind::uint32:
      case Kind::float_:
      case Kind::string:
      case Kind::raw:
      case Kind::dynamic:
      case Kind::list:
      case Kind::map:
      case Kind::varargs:
        minSize = 4;
        break;
      case Kind::int64:
      case Kind::uint64:
      case Kind::double_:
        minSize = 8;
        break;
      case Kind::object:
        minSize = 13;
        break;  // with MetaObjectCache and without uid: b, three numbers
      case Kind::tuple:
        for (const auto& child : children) minSize += child->minSize;
        break;
      case Kind::void_:
      case Kind::unknown:
      case Kind::none:
      case Kind::kwargs:
        break;
    }
  }
};

// Recursive descent over `text`; `at` is where it stands. On the first error `problem` is set.
struct Signature::Parser {
  std::string_view text;
  std::size_t at = 0;
  std::string problem;

  std::shared_ptr<const Node> fail(std::string what) {
    if (problem.empty()) problem = what + " at position " + std::to_string(at);
    return nullptr;
  }

  bool parseAnnotation(Node& node) {
    if (at >= text.size() || text[at] != '<') return true;
    const std::size_t begin = ++at;
    for (int open = 1; at < text.size(); ++at) {
      if (text[at] == '<') ++open;
      if (text[at] == '>' && --open == 0) {
        node.annotation = text.substr(begin, at - begin);
        node.annotated = true;
        ++at;
        return true;
      }
    }
    fail("annotation without an end");
    return false;
  }

  std::shared_ptr<const Node> parseType(int depth) {
    if (depth > limits::maxDepth) return fail("nested deeper than " + std::to_string(limits::maxDepth));
    if (at >= text.size()) return fail("type expected");
    auto node = std::make_shared<Node>();
    const char letter = text[at];
    node->kind = static_cast<Kind>(letter);
    char closing = 0;
    std::size_t wanted = 0;
    switch (node->kind) {
      case Kind::void_:
      case Kind::bool_:
      case Kind::int8:
      case Kind::uint8:
      case Kind::int16:
      case Kind::uint16:
      case Kind::int32:
      case Kind::uint32:
      case Kind::int64:
      case Kind::uint64:
      case Kind::float_:
      case Kind::double_:
      case Kind::string:
      case Kind::raw:
      case Kind::dynamic:
      case Kind::object:
      case Kind::unknown:
      case Kind::none:
        break;
      case Kind::list:
        closing = ']', wanted = 1;
        break;
      case Kind::map:
        closing = '}', wanted = 2;
        break;
      case Kind::tuple:
        closing = ')';
        break;
      case Kind::varargs:
      case Kind::kwargs:
      case Kind::optional:
        wanted = 1;
        break;
      default:
        return fail("no type begins with this character");
    }
    ++at;
    while (wanted > node->children.size() || (node->kind == Kind::tuple && at < text.size() && text[at] != closing)) {
      auto child = parseType(depth + 1);
      if (!child) return nullptr;
      node->children.push_back(std::move(child));
    }
    if (closing) {
      if (at >= text.size() || text[at] != closing) return fail(std::string("'") + closing + "' expected");
      ++at;
    }
    if (!parseAnnotation(*node)) return nullptr;
    node->measure();
    return node;
  }
};

Signature Signature::make(Node&& node) {
  node.measure();
  return Signature(std::make_shared<const Node>(std::move(node)));
}

Signature::Signature() {
  static const auto voidNode = std::make_shared<const Node>();
  node_ = voidNode;
}

run::Result<Signature> Signature::parse(std::string_view text) {
  if (text.size() > limits::maxSignature)
    return run::Error{run::Code::tooLarge,
                      "a signature of " + std::to_string(text.size()) + " bytes is above the limit of " +
                          std::to_string(limits::maxSignature),
                      "shorten the type's annotations or nest it less"};
  Parser parser{text, 0, {}};
  auto node = parser.parseType(1);
  if (node && parser.at != text.size()) node = parser.fail("text after the type");
  if (!node)
    return run::Error{run::Code::protocolError, "bad signature \"" + printable(text, 80) + "\": " + parser.problem,
                      "see docs/protocol/qi.md for the letters of each type"};
  return Signature(std::move(node));
}

Signature Signature::of(std::string_view text) {
  auto parsed = parse(text);
  if (!parsed) throw std::invalid_argument(parsed.error().cause);
  return *parsed;
}

Signature Signature::listOf(const Signature& element) { return make({Kind::list, 0, {}, false, {element.node_}}); }
Signature Signature::varargsOf(const Signature& element) {
  return make({Kind::varargs, 0, {}, false, {element.node_}});
}
Signature Signature::optionalOf(const Signature& element) {
  return make({Kind::optional, 0, {}, false, {element.node_}});
}
Signature Signature::mapOf(const Signature& key, const Signature& mapped) {
  return make({Kind::map, 0, {}, false, {key.node_, mapped.node_}});
}
Signature Signature::tupleOf(const std::vector<Signature>& fields, std::string_view annotation) {
  Node node{Kind::tuple, 0, std::string(annotation), !annotation.empty(), {}};
  for (const auto& field : fields) node.children.push_back(field.node_);
  return make(std::move(node));
}

Kind Signature::kind() const { return node_->kind; }
const std::string& Signature::annotation() const { return node_->annotation; }
std::size_t Signature::size() const { return node_->children.size(); }
Signature Signature::operator[](std::size_t child) const { return Signature(node_->children.at(child)); }
std::size_t Signature::minSize() const { return node_->minSize; }
bool Signature::sameType(const Signature& other) const { return node_ == other.node_ || node_->sameType(*other.node_); }

bool Signature::mayHoldObjects() const { return node_->mayHoldObjects(); }

std::string Signature::text() const {
  std::string out;
  node_->appendText(out);
  return out;
}

std::string Signature::structName() const {
  if (kind() != Kind::tuple) return {};
  return annotation().substr(0, annotation().find(','));
}

std::vector<std::string> Signature::fieldNames() const {
  if (kind() != Kind::tuple) return {};
  std::vector<std::string> names;
  std::string_view rest = annotation();
  for (std::size_t comma; (comma = rest.find(',')) != std::string_view::npos;) {
    rest.remove_prefix(comma + 1);
    names.emplace_back(rest.substr(0, rest.find(',')));
  }
  if (names.size() != size()) names.clear();
  return names;
}

}  // namespace beckon::qi
