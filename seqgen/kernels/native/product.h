// Products of a few rows with one block of a packed matrix, whose weights are float32, bfloat16 or int8.
//
// A block is four vectors of outputs. Its weights are 32-bit words, [K / STEP][4][LANES], and a word holds STEP
// neighbouring inputs of one output: one float, two bfloat16 or four int8. So the weights are read once, in order,
// and each is used for all rows at hand. Sums are float32, or exact integers scaled to float32.
#pragma once
#include "vector.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#if defined(__AVX512VNNI__) && defined(__AVX512BF16__)
#define DOT 1  // the processor multiplies pairs of bfloat16 and fours of bytes by itself
#else
#define DOT 0
#endif

constexpr int LANES = WIDTH<float>, GROUP = 4, BLOCK = GROUP * LANES;
using Floats = Vector<float, LANES>;
using Words = Mask<float, LANES>;

template <class To, class From> inline To bits(const From& x) {
    static_assert(sizeof(To) == sizeof(From));
    To y;
    std::memcpy(&y, &x, sizeof y);
    return y;
}
inline Words words(const int32_t* from) {
    Words x;
    std::memcpy(&x, from, sizeof x);
    return x;
}
inline Words every(int32_t x) { return x - Words{}; }

// What a row multiplies the weights by: numbers in the form that a precision wants, and what they are in units of.
template <class Input> struct Operand {
    const Input* x;
    float unit;
};

// A precision says: how many inputs a word holds, how many rows fit the registers, how many words stand before a
// block's weights, how a row is converted to its Input (and returns the unit), and how a word is multiplied.
struct Float32 {
    using Input = float;
    using Sum = Floats;
    using Weight = Floats;
    static constexpr int STEP = 1, ROWS = BYTES == 64 ? 6 : 3, HEADER = 0;

    static float convert(const float* x, int64_t count, Input* to) {
        std::memcpy(to, x, count * sizeof *to);
        return 1;
    }
    static Weight weight(Words w) { return bits<Floats>(w); }
    static void add(Sum& sum, Weight w, const Input* x) { sum += w * same<float, LANES>(*x); }
    static Floats total(Sum sum, const int32_t*, float) { return sum; }
};

#if DOT
struct Bfloat16 {
    using Input = uint16_t;
    using Sum = Floats;
    using Weight = __m512bh;
    static constexpr int STEP = 2, ROWS = 5, HEADER = 0;

    static float convert(const float* x, int64_t count, Input* to) {
        for (int64_t k = 0; k < count; k += LANES) {
            const __m256bh y = _mm512_cvtneps_pbh(bits<__m512>(load<float, LANES>(x + k)));
            std::memcpy(to + k, &y, sizeof y);
        }
        return 1;
    }
    static Weight weight(Words w) { return bits<Weight>(w); }
    static void add(Sum& sum, Weight w, const Input* x) {
        int32_t pair;
        std::memcpy(&pair, x, sizeof pair);
        sum = bits<Floats>(_mm512_dpbf16_ps(bits<__m512>(sum), w, bits<__m512bh>(every(pair))));
    }
    static Floats total(Sum sum, const int32_t*, float) { return sum; }
};
#else
struct Bfloat16 {
    using Input = float;
    using Sum = Floats;
    struct Weight {
        Floats first, second;
    };
    static constexpr int STEP = 2, ROWS = BYTES == 64 ? 5 : 2, HEADER = 0;

    static float convert(const float* x, int64_t count, Input* to) { return Float32::convert(x, count, to); }
    static Weight weight(Words w) {
        return {bits<Floats>(w << 16), bits<Floats>(w & every(int32_t(0xffff0000)))};
    }
    static void add(Sum& sum, Weight w, const Input* x) {
        sum += w.first * same<float, LANES>(x[0]);
        sum += w.second * same<float, LANES>(x[1]);
    }
    static Floats total(Sum sum, const int32_t*, float) { return sum; }
};
#endif

// Largest magnitude of a row over 127: what its numbers become whole multiples of.
inline float unit_of(const float* x, int64_t count) {
    Floats most{};
    for (int64_t k = 0; k < count; k += LANES) {
        const Floats y = load<float, LANES>(x + k), size = y < Floats{} ? -y : y;
        most = size > most ? size : most;
    }
    float unit = 0;
    for (int lane = 0; lane < LANES; lane++) unit = most[lane] > unit ? most[lane] : unit;
    return unit / 127;
}

// The nearest whole multiples of `unit`, -127 to 127, through the float whose low bits are the number.
template <class Put> inline void quantise(const float* x, int64_t count, float unit, Put&& put) {
    const float inverse = unit > 0 ? 1 / unit : 0, round = 0x1.8p23f;
    for (int64_t k = 0; k < count; k += LANES) {
        const Words q = bits<Words>(load<float, LANES>(x + k) * inverse + round) - bits<int32_t>(round);
        for (int lane = 0; lane < LANES; lane++) put(k + lane, q[lane]);
    }
}

// Before a block's int8 weights stand a scale for each output, and -128 times the sum of its weights: what DOT, whose
// inputs are unsigned and so 128 too large, has to add.
struct Int8 {
    using Sum = Words;
    static constexpr int STEP = 4, HEADER = 2 * BLOCK;
#if DOT
    using Input = uint8_t;
    using Weight = Words;
    static constexpr int ROWS = 5;

    static float convert(const float* x, int64_t count, Input* to) {
        const float unit = unit_of(x, count);
        quantise(x, count, unit, [&](int64_t k, int32_t q) { to[k] = uint8_t(q + 128); });
        return unit;
    }
    static Weight weight(Words w) { return w; }
    static void add(Sum& sum, Weight w, const Input* x) {
        int32_t four;
        std::memcpy(&four, x, sizeof four);
        sum = bits<Words>(_mm512_dpbusd_epi32(bits<__m512i>(sum), bits<__m512i>(every(four)), bits<__m512i>(w)));
    }
    static Words exact(Sum sum, const int32_t* header) { return sum + words(header + BLOCK); }
#else
    // Every other byte as 16-bit numbers; inputs in the order 0 2 1 3 to go with them.
    using Input = int16_t;
    typedef int16_t Shorts __attribute__((vector_size(BYTES)));
    struct Weight {
        Shorts even, odd;
    };
    static constexpr int ROWS = BYTES == 64 ? 5 : 2;

    static float convert(const float* x, int64_t count, Input* to) {
        const float unit = unit_of(x, count);
        quantise(x, count, unit, [&](int64_t k, int32_t q) { to[k / 4 * 4 + "\0\2\1\3"[k % 4]] = int16_t(q); });
        return unit;
    }
    static Weight weight(Words w) {
        const auto s = bits<Shorts>(w);
        return {s << 8 >> 8, s >> 8};
    }
    static void add(Sum& sum, Weight w, const Input* x) {
        int32_t pair[2];
        std::memcpy(pair, x, sizeof pair);
        sum += pairs(w.even, every(pair[0])) + pairs(w.odd, every(pair[1]));
    }
    static Words pairs(Shorts a, Words b) {  // products of 16-bit numbers, added two by two
#if defined(__AVX512BW__)
        return bits<Words>(_mm512_madd_epi16(bits<__m512i>(a), bits<__m512i>(b)));
#elif defined(__AVX2__)
        return bits<Words>(_mm256_madd_epi16(bits<__m256i>(a), bits<__m256i>(b)));
#elif defined(__SSE2__)
        return bits<Words>(_mm_madd_epi16(bits<__m128i>(a), bits<__m128i>(b)));
#else
        const Words x = bits<Words>(a);
        return (x << 16 >> 16) * (b << 16 >> 16) + (x >> 16) * (b >> 16);
#endif
    }
    static Words exact(Sum sum, const int32_t*) { return sum; }
#endif
    static Floats total(Sum sum, const int32_t* header, float unit) {
        const Floats scale = bits<Floats>(words(header)) * unit;
        return __builtin_convertvector(exact(sum, header), Floats) * scale;
    }
};

// What stands before a block: the bias of its outputs.
inline void bias(const int32_t* block, Floats* sum) {
    for (int g = 0; g < GROUP; g++) sum[g] = bits<Floats>(words(block + g * LANES));
}
// Up to `count` numbers, and zeros for the rest of the vector.
inline Floats load_some(const float* from, int64_t count) {
    if (count >= LANES) return load<float, LANES>(from);
    Floats x{};
    for (int64_t lane = 0; lane < count; lane++) x[lane] = from[lane];
    return x;
}
inline int64_t padded(int64_t size, int64_t to = 16) { return (size + to - 1) / to * to; }

// body(0) .. body(N - 1), each with a constant: written out, as sums that a loop goes through do not stay in registers.
template <class Body, int... I> inline void write_out(Body&& body, std::integer_sequence<int, I...>) {
    (body(std::integral_constant<int, I>{}), ...);
}
template <int N, class Body> inline void each(Body&& body) { write_out(body, std::make_integer_sequence<int, N>{}); }

// sum[r] += the block times row r. Returns where the next block begins. A row is summed in the same order whichever
// rows stand beside it, so its result is the same to the last bit.
template <class P, int R>
inline const int32_t* multiply(const int32_t* block, int64_t K, const Operand<typename P::Input>* row,
                               Floats (*sum)[GROUP]) {
    typename P::Sum total[R][GROUP] = {};
    const int32_t* from = block + P::HEADER;
    for (int64_t k = 0; k < K; k += P::STEP, from += BLOCK)
        each<GROUP>([&](auto g) {
            const auto w = P::weight(words(from + g * LANES));
            each<R>([&](auto r) { P::add(total[r][g], w, row[r].x + k); });
        });
    each<GROUP>([&](auto g) {
        each<R>([&](auto r) { sum[r][g] += P::total(total[r][g], block + g * LANES, row[r].unit); });
    });
    return from;
}

template <int MOST, class Body> inline void with_constant(int64_t count, Body&& body) {
    if (count == MOST) body(std::integral_constant<int, MOST>{});
    else if constexpr (MOST > 1) with_constant<MOST - 1>(count, body);
}
// body(count, r) for all rows, `count` of them at a time: about equally many, and no more than the registers hold.
template <int MOST, class Body> inline void tiles(int64_t rows, Body&& body) {
    for (int64_t r = 0; r < rows;) {
        const int64_t left = rows - r, parts = (left + MOST - 1) / MOST, count = (left + parts - 1) / parts;
        with_constant<MOST>(count, [&](auto constant) { body(constant, r); });
        r += count;
    }
}
