// Levels of one side by price: a 64-way tree of bitmaps over 36 bits of ticks.
// Any price domain costs the same; neighbours share a leaf, so finding the next level is one bit scan.
#pragma once
#include <array>
#include <bit>

#include "memory.hpp"

namespace outcry {

struct TreeNode {
  u64 bits;
  u32 child[64];  // nodes, or level slots in the lowest row
};

class PriceTree {
 public:
  explicit PriceTree(Slab<TreeNode>& nodes) : nodes_(&nodes), root_(nodes.take()) {}

  u32 find(Ticks price) const {
    const u32 leaf = leaf_of(static_cast<u64>(price.v) >> 6);
    return leaf == 0 ? 0 : (*nodes_)[leaf].child[price.v & 63];
  }

  void insert(Ticks price, u32 level) {
    OUTCRY_CHECK(price.v > 0 && price.v <= PRICE_TICKS_MAX);
    const u64 key = static_cast<u64>(price.v) >> 6;
    u32 node = leaf_of(key);
    if (node == 0) {
      node = root_;
      for (int row = ROWS - 1; row > 0; --row) {
        const u32 index = index_at(price, row);
        u32 below = (*nodes_)[node].child[index];
        if (below == 0) {
          below = nodes_->take();
          (*nodes_)[node].child[index] = below;
          (*nodes_)[node].bits |= u64{1} << index;
        }
        node = below;
      }
      remember(key, node);
    }
    TreeNode& leaf = (*nodes_)[node];
    const u32 index = static_cast<u32>(price.v & 63);
    OUTCRY_CHECK(leaf.child[index] == 0);
    leaf.child[index] = level;
    leaf.bits |= u64{1} << index;
  }

  void erase(Ticks price) {
    const u64 key = static_cast<u64>(price.v) >> 6;
    const u32 leaf_slot = leaf_of(key);
    TreeNode& leaf = (*nodes_)[leaf_slot];
    const u32 index = static_cast<u32>(price.v & 63);
    OUTCRY_CHECK(leaf.child[index] != 0);
    leaf.child[index] = 0;
    leaf.bits &= ~(u64{1} << index);
    if (leaf.bits != 0) return;
    forget(key);
    std::array<u32, ROWS> path{};
    path[ROWS - 1] = root_;
    for (int row = ROWS - 1; row > 0; --row) {
      path[row - 1] = (*nodes_)[path[row]].child[index_at(price, row)];
    }
    for (int row = 0; row < ROWS - 1 && (*nodes_)[path[row]].bits == 0; ++row) {
      nodes_->give(path[row]);
      TreeNode& above = (*nodes_)[path[row + 1]];
      const u32 at = index_at(price, row + 1);
      above.child[at] = 0;
      above.bits &= ~(u64{1} << at);
    }
  }

  // The level nearest above (`up`) or below a price, 0 when there is none.
  u32 next(Ticks price, bool up) {
    const u64 key = static_cast<u64>(price.v) >> 6;
    if (const u32 leaf = leaf_of(key); leaf != 0) {
      const TreeNode& node = (*nodes_)[leaf];
      const u64 rest = beyond(node.bits, static_cast<u32>(price.v & 63), up);
      if (rest != 0) return node.child[edge(rest, up)];
    }
    std::array<u32, ROWS> path{};
    path[ROWS - 1] = root_;
    int row = ROWS - 1;
    while (row > 0 && path[row] != 0) {
      path[row - 1] = (*nodes_)[path[row]].child[index_at(price, row)];
      --row;
    }
    for (row = 1; row < ROWS; ++row) {
      if (path[row] == 0) continue;
      const TreeNode& node = (*nodes_)[path[row]];
      const u64 rest = beyond(node.bits, index_at(price, row), up);
      if (rest != 0) return descend(node.child[edge(rest, up)], row - 1, up);
    }
    return 0;
  }

  // The lowest (`up`) or highest level.
  u32 first(bool up) {
    if ((*nodes_)[root_].bits == 0) return 0;
    return descend(root_, ROWS - 1, up);
  }

 private:
  static constexpr int ROWS = 6;
  static constexpr u32 CACHED = 256;
  struct Cached {
    u64 key;
    u32 node;
  };

  static u32 index_at(Ticks price, int row) {
    return static_cast<u32>(static_cast<u64>(price.v) >> (6 * row)) & 63;
  }
  static u64 beyond(u64 bits, u32 index, bool up) {
    if (up) return index == 63 ? 0 : bits & (~u64{0} << (index + 1));
    return bits & ((u64{1} << index) - 1);
  }
  static u32 edge(u64 bits, bool up) {
    return static_cast<u32>(up ? std::countr_zero(bits) : 63 - std::countl_zero(bits));
  }
  u32 descend(u32 node, int row, bool up) {
    for (; row > 0; --row) node = (*nodes_)[node].child[edge((*nodes_)[node].bits, up)];
    return (*nodes_)[node].child[edge((*nodes_)[node].bits, up)];
  }
  u32 leaf_of(u64 key) const {
    const Cached& cached = cache_[key & (CACHED - 1)];
    if (cached.node != 0 && cached.key == key) return cached.node;
    const Ticks price{static_cast<i64>(key << 6)};
    u32 node = root_;
    for (int row = ROWS - 1; row > 0 && node != 0; --row) {
      node = (*nodes_)[node].child[index_at(price, row)];
    }
    if (node != 0) remember(key, node);
    return node;
  }
  void remember(u64 key, u32 node) const { cache_[key & (CACHED - 1)] = {key, node}; }
  void forget(u64 key) {
    Cached& cached = cache_[key & (CACHED - 1)];
    if (cached.key == key) cached = {0, 0};
  }

  Slab<TreeNode>* nodes_;
  u32 root_;
  mutable std::array<Cached, CACHED> cache_{};  // of what is found: leaves last used
};

}  // namespace outcry
