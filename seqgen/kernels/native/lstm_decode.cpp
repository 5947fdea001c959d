// A block of tokens from stacked LSTM layers and a head: each token is drawn and read again, for all rows together.
//
// Layer 0 reads a table row for the previous token; so its input costs additions only. Its block of weights is that of
// four gates of LANES units, whose cells are finished in registers. README.md has the maths.
#include <algorithm>

#include "activation.h"
#include "decode.h"
#include "product.h"

namespace {

struct Task {
    const int32_t* stream;  // layer after layer, then the head: [bias, matrices] for each block
    const float *table, *position, *plan;
    const float *h, *c, *uniform;
    const int64_t* previous;
    int64_t *token;
    float *last_h, *last_c;
    int64_t B, T, N, D, V, K;          // V logits, K uniform numbers a draw
    int64_t period, segments, hold, place;
    int64_t bits, end, threads;        // end: -1 for none
    double temperature;

    int64_t width() const { return padded(D); }  // what matrices are padded to
};

// A row's states, and the hidden states once more in the form that the weights are multiplied by.
template <class P> struct Row {
    int64_t b = 0, previous = 0;
    std::vector<float> h, c, logit;
    std::vector<typename P::Input> inputs;
    std::vector<Operand<typename P::Input>> operand;  // one a layer

    Row(const Task& is, int64_t b)
        : b(b), previous(is.previous[b]), h(is.N * is.width()), c(h), logit(is.V + BLOCK), inputs(h.size()),
          operand(is.N) {
        const int64_t W = is.width();
        for (int64_t n = 0; n < is.N; n++) {
            std::copy_n(is.h + (b * is.N + n) * is.D, is.D, h.data() + n * W);
            std::copy_n(is.c + (b * is.N + n) * is.D, is.D, c.data() + n * W);
            convert(n, W);
        }
    }
    void convert(int64_t n, int64_t W) {
        operand[n].x = inputs.data() + n * W;
        operand[n].unit = P::convert(h.data() + n * W, W, inputs.data() + n * W);
    }
    void finish(const Task& is) const {
        for (int64_t n = 0; n < is.N; n++) {
            std::copy_n(h.data() + n * is.width(), is.D, is.last_h + (b * is.N + n) * is.D);
            std::copy_n(c.data() + n * is.width(), is.D, is.last_c + (b * is.N + n) * is.D);
        }
    }
};

template <class P> struct Decoder {
    using Rows = std::vector<Row<P>*>;
    const Task& is;
    const int64_t W = is.width();

    // Gates of LANES units of layer 0 before the recurrent part: token, place and plan.
    void given(const Row<P>& row, int64_t t, int64_t unit, Floats* gate) const {
        const int64_t G = 4 * is.D, place = is.place + t, count = is.D - unit;
        const float* token = is.table + row.previous * G + unit;
        const float* position = is.position ? is.position + place % is.period * G + unit : nullptr;
        const float* plan = is.plan ? is.plan + (row.b * is.segments + place / is.hold) * G + unit : nullptr;
        for (int g = 0; g < GROUP; g++, token += is.D) {
            gate[g] = load_some(token, count);
            // The next units of these rows stand beside, and are asked for so early that nobody waits for them.
            __builtin_prefetch(token + LANES);
            if (plan) __builtin_prefetch(plan + LANES);
            if (position) gate[g] += load_some(position + g * is.D, count);
            if (plan) gate[g] += load_some(plan + g * is.D, count);
        }
    }

    static void cell(const Floats* gate, float* h, float* c) {
        constexpr auto S = sigmoid<float, LANES>;
        constexpr auto tanh = hyperbolic_tangent<float, LANES>;
        const Floats now = S(gate[1]) * load<float, LANES>(c) + S(gate[0]) * tanh(gate[2]);
        store<float, LANES>(c, now);
        store<float, LANES>(h, S(gate[3]) * tanh(now));
    }

    // LANES units of one layer for R rows. Returns where the next block begins.
    template <int R> const int32_t* units(const int32_t* block, int64_t n, int64_t t, int64_t unit, Row<P>** row) {
        Floats gate[R][GROUP];
        Operand<typename P::Input> below[R], own[R];
        for (int r = 0; r < R; r++) {
            if (n) below[r] = row[r]->operand[n - 1];
            own[r] = row[r]->operand[n];
            if (n) bias(block, gate[r]);
            else given(*row[r], t, unit, gate[r]);
        }
        block += BLOCK;
        if (n) block = multiply<P, R>(block, W, below, gate);
        block = multiply<P, R>(block, W, own, gate);
        for (int r = 0; r < R; r++) cell(gate[r], &row[r]->h[n * W + unit], &row[r]->c[n * W + unit]);
        return block;
    }

    template <int R> const int32_t* logits(const int32_t* block, int64_t v, Row<P>** row) {
        Floats sum[R][GROUP];
        Operand<typename P::Input> top[R];
        for (int r = 0; r < R; r++) {
            bias(block, sum[r]);
            top[r] = row[r]->operand[is.N - 1];
        }
        block = multiply<P, R>(block + BLOCK, W, top, sum);
        for (int r = 0; r < R; r++)
            for (int g = 0; g < GROUP; g++) store<float, LANES>(&row[r]->logit[v + g * LANES], sum[r][g]);
        return block;
    }

    // One frame of all rows.
    void step(int64_t t, Rows& rows) {
        const int32_t *block = is.stream, *next = block;
        const int64_t count = rows.size();
        for (int64_t n = 0; n < is.N; n++) {
            for (int64_t unit = 0; unit < W; unit += LANES, block = next)
                tiles<P::ROWS>(count, [&](auto R, int64_t r) { next = units<R>(block, n, t, unit, &rows[r]); });
            for (Row<P>* row : rows) row->convert(n, W);
        }
        for (int64_t v = 0; v < is.V; v += BLOCK, block = next)
            tiles<P::ROWS>(count, [&](auto R, int64_t r) { next = logits<R>(block, v, &rows[r]); });
        for (Row<P>* row : rows) draw(is, t, *row);
    }
};

}  // namespace

#define EXPORT(P, NAME)                                                                                           \
    extern "C" __attribute__((visibility("default"))) int64_t lstm_decode_##NAME(                                 \
        const int32_t* stream, const float* table, const float* position, const float* plan, const float* h,      \
        const float* c, const float* uniform, const int64_t* previous, int64_t* token, float* last_h,             \
        float* last_c, int64_t B, int64_t T, int64_t N, int64_t D, int64_t V, int64_t K, int64_t period,          \
        int64_t segments, int64_t hold, int64_t place, int64_t bits, int64_t end, double temperature,             \
        int64_t threads) {                                                                                        \
        return decode<Decoder<P>, Row<P>>(Task{stream, table, position, plan, h, c, uniform, previous, token,     \
                                               last_h, last_c, B, T, N, D, V, K, period, segments, hold, place,   \
                                               bits, end, threads, temperature});                                 \
    }
EXPORT(Float32, float32)
EXPORT(Bfloat16, bfloat16)
EXPORT(Int8, int8)
