// Sharing independent rows among threads.
#pragma once
#include <algorithm>
#include <thread>
#include <vector>

#include "vector.h"

// work(i) for i in 0 .. count - 1; each returns a flat index, or -1. Returns the least index that is not -1, or -1.
template <class Work> int64_t share(int64_t count, int64_t threads, Work&& work) {
    constexpr int64_t NONE = std::numeric_limits<int64_t>::max();
    threads = std::max<int64_t>(1, std::min(threads, count));
    std::vector<int64_t> found(threads, NONE);
    const auto part = [&](int64_t t) {
        for (int64_t i = count * t / threads; i < count * (t + 1) / threads; i++) {
            const int64_t index = work(i);
            if (index >= 0) found[t] = std::min(found[t], index);
        }
    };
    std::vector<std::thread> others;
    for (int64_t t = 1; t < threads; t++) others.emplace_back(part, t);
    part(0);
    for (auto& other : others) other.join();
    const int64_t least = *std::min_element(found.begin(), found.end());
    return least == NONE ? -1 : least;
}
