#pragma once

#include "core/run/error.hpp"

#include <compare>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace beckon::qi {

// The kinds of type that a signature can name; each is its letter on the wire.
enum class Kind : char {
  void_ = 'v',
  bool_ = 'b',
  int8 = 'c',
  uint8 = 'C',
  int16 = 'w',
  uint16 = 'W',
  int32 = 'i',
  uint32 = 'I',
  int64 = 'l',
  uint64 = 'L',
  float_ = 'f',
  double_ = 'd',
  string = 's',
  raw = 'r',
  dynamic = 'm',
  object = 'o',
  unknown = 'X',
  none = '_',
  list = '[',
  map = '{',
  tuple = '(',
  varargs = '#',
  kwargs = '~',
  optional = '+',
};

// A parsed type: "({I(Iss)<MetaSignal,uid,name,signature>}s)". An immutable value, cheap to copy;
// copies and parts share one tree and may be used from several threads.
class Signature {
 public:
  Signature();  // "v"

  // A single type with its annotations. Refuses what the grammar does not have, text after the type,
  // more than limits::maxSignature bytes and more than limits::maxDepth levels.
  static run::Result<Signature> parse(std::string_view text);
  // For text that the program itself holds; throws std::invalid_argument where parse() refuses.
  static Signature of(std::string_view text);

  static Signature listOf(const Signature& element);
  static Signature varargsOf(const Signature& element);
  static Signature optionalOf(const Signature& element);
  static Signature mapOf(const Signature& key, const Signature& mapped);
  static Signature tupleOf(const std::vector<Signature>& fields, std::string_view annotation = {});

  Kind kind() const;
  // What stood between the angle brackets behind the type, without them; usually empty.
  const std::string& annotation() const;
  // Element of a list, varargs, kwargs or optional (1), key and mapped type of a map (2), fields of a tuple.
  std::size_t size() const;
  Signature operator[](std::size_t child) const;

  // Of a tuple annotated <Name,field,...>: its name and its fields' names; empty where it has no annotation
  // or one that does not name each field.
  std::string structName() const;
  std::vector<std::string> fieldNames() const;

  // Exactly what was parsed.
  std::string text() const;
  // Bytes that every value of the type takes at least.
  std::size_t minSize() const;

  // Whether a value of the type may have an object in it: dynamics may.
  bool mayHoldObjects() const;

  // Annotations count in neither; libqi compares types this way.
  bool sameType(const Signature& other) const;
  friend bool operator==(const Signature& a, const Signature& b) { return a.text() == b.text(); }

 private:
  struct Node;
  struct Parser;
  explicit Signature(std::shared_ptr<const Node> node) : node_(std::move(node)) {}
  static Signature make(Node&& node);
  std::shared_ptr<const Node> node_;
};

}  // namespace beckon::qi
