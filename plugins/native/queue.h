// What passes between the audio thread and the network thread: no locks, no system calls, no heap.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace seqgen {

// A ring with one thread that pushes and one that pops.
template <typename T, size_t N>
class Queue {
    static_assert((N & (N - 1)) == 0, "a power of two");

public:
    bool push(const T& item) {
        const size_t end = end_.load(std::memory_order_relaxed);
        if (end - begin_.load(std::memory_order_acquire) == N) return false;
        items_[end % N] = item;
        end_.store(end + 1, std::memory_order_release);
        return true;
    }

    // Of the thread that pops: the oldest and the newest item, null if there is none.
    const T* front() const { return empty() ? nullptr : &items_[begin_.load(std::memory_order_relaxed) % N]; }
    const T* back() const { return empty() ? nullptr : &items_[(end_.load(std::memory_order_acquire) - 1) % N]; }
    void pop() { begin_.store(begin_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

private:
    bool empty() const {
        return begin_.load(std::memory_order_relaxed) == end_.load(std::memory_order_acquire);
    }

    std::array<T, N> items_{};
    alignas(64) std::atomic<size_t> begin_{0};
    alignas(64) std::atomic<size_t> end_{0};
};

// The latest value: one thread writes and never waits, others read and try again if they were overtaken.
template <typename T>
class Latest {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % 8 == 0);
    static constexpr size_t kWords = sizeof(T) / 8;

public:
    void write(const T& value) {
        uint64_t words[kWords];
        std::memcpy(words, &value, sizeof value);
        const uint32_t turn = turn_.load(std::memory_order_relaxed);
        turn_.store(turn + 1, std::memory_order_relaxed);
        std::atomic_thread_fence(std::memory_order_release);
        for (size_t i = 0; i < kWords; ++i) words_[i].store(words[i], std::memory_order_relaxed);
        turn_.store(turn + 2, std::memory_order_release);
    }

    T read() const {
        uint64_t words[kWords];
        for (;;) {
            const uint32_t before = turn_.load(std::memory_order_acquire);
            for (size_t i = 0; i < kWords; ++i) words[i] = words_[i].load(std::memory_order_relaxed);
            std::atomic_thread_fence(std::memory_order_acquire);
            if (before % 2 == 0 && before == turn_.load(std::memory_order_relaxed)) break;
        }
        T value;
        std::memcpy(&value, words, sizeof value);
        return value;
    }

private:
    std::atomic<uint64_t> words_[kWords]{};
    std::atomic<uint32_t> turn_{0};
};

// A place for one large value: whoever finds it empty fills it, whoever finds it full empties it.
template <typename T>
class Box {
public:
    T* to_fill() { return full_.load(std::memory_order_acquire) ? nullptr : &value_; }
    void filled() { full_.store(true, std::memory_order_release); }
    const T* to_empty() const { return full_.load(std::memory_order_acquire) ? &value_ : nullptr; }
    void emptied() { full_.store(false, std::memory_order_release); }

private:
    T value_{};
    std::atomic<bool> full_{false};
};

}  // namespace seqgen
