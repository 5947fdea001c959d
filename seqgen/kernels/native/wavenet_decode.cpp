// A block of tokens from a WaveNet and a head: each token is drawn and read again, for all rows together.
//
// A layer keeps the frames that it still looks back at in a ring, so a frame moves nothing. A block of a layer's gates
// is two vectors of each half, whose units are finished in registers. README.md has the maths.
#include <algorithm>
#include <cmath>

#include "activation.h"
#include "decode.h"
#include "product.h"

namespace {

struct Task {
    const int32_t* stream;  // layer after layer (gates, leave), exit, head: [bias, weights] for each block
    const float *table, *position, *plan, *past, *uniform;
    const int64_t *previous, *dilations;
    int64_t* token;
    float* last;
    int64_t B, T, N, C, S, O, V, K;    // layers; residual, skip and output channels; logits; numbers a draw
    int64_t taps, period, segments, hold, place;
    int64_t bits, end, threads;        // end: -1 for none
    double temperature;

    int64_t reach(int64_t n) const { return (taps - 1) * dilations[n]; }
    int64_t frames() const {
        int64_t all = 0;
        for (int64_t n = 0; n < N; n++) all += reach(n);
        return all;
    }
};

// What a row remembers and works with. `now` counts its frames: frame t of layer n stands in slot t mod reach(n).
template <class P> struct Row {
    int64_t b, previous, now = 0;
    std::vector<float> ring, x, read, z, out, skip, y, logit;
    std::vector<typename P::Input> input;
    Operand<typename P::Input> operand{};

    Row(const Task& is, int64_t b)
        : b(b), previous(is.previous[b]), ring(is.frames() * is.C), x(is.C), read(padded(is.taps * is.C)),
          z(padded(is.C, 32)), out(padded(is.C + is.S, BLOCK)), skip(padded(is.S)), y(padded(is.O, BLOCK)),
          logit(padded(is.V, BLOCK)), input(padded(std::max({is.taps * is.C, is.S, is.O}))) {
        std::copy_n(is.past + b * ring.size(), ring.size(), ring.data());
    }

    // What the next matrix reads: `count` numbers, zeros behind them up to a multiple of 16.
    void reads(const std::vector<float>& from, int64_t count) {
        operand.x = input.data();
        operand.unit = P::convert(from.data(), padded(count), input.data());
    }
    void enter(const Task& is, int64_t t) {
        const float* token = is.table + previous * is.C;
        const float* beat = is.position ? is.position + (is.place + t) % is.period * is.C : nullptr;
        for (int64_t i = 0; i < is.C; i++) x[i] = beat ? token[i] + beat[i] : token[i];
        std::fill(skip.begin(), skip.end(), 0.0f);
    }
    // The taps of a layer side by side; this frame takes the place of the oldest.
    void look_back(const Task& is, int64_t n, float* frames) {
        const int64_t C = is.C, reach = is.reach(n);
        for (int64_t tap = 0; tap + 1 < is.taps; tap++)
            std::copy_n(frames + (now + tap * is.dilations[n]) % reach * C, C, &read[tap * C]);
        std::copy_n(x.data(), C, &read[(is.taps - 1) * C]);
        std::copy_n(x.data(), C, frames + now % reach * C);
        reads(read, is.taps * C);
    }
    void leave(const Task& is) {
        for (int64_t i = 0; i < is.C; i++) x[i] += out[i];
        for (int64_t i = 0; i < is.S; i++) skip[i] += out[is.C + i];
    }
    // The rings unrolled, latest last.
    void finish(const Task& is) const {
        const float* from = ring.data();
        float* to = is.last + b * ring.size();
        for (int64_t n = 0; n < is.N; n++) {
            const int64_t size = is.reach(n) * is.C, cut = now % is.reach(n) * is.C;
            std::copy(from, from + cut, std::copy(from + cut, from + size, to));
            from += size, to += size;
        }
    }
};

template <class P> struct Decoder {
    using Rows = std::vector<Row<P>*>;
    const Task& is;

    // Two vectors of units of a layer for R rows: tanh(a) sigmoid(b). Returns where the next block begins.
    template <int R> const int32_t* units(const int32_t* block, int64_t n, int64_t t, int64_t unit, Row<P>** row) {
        Floats gate[R][GROUP];
        Operand<typename P::Input> read[R];
        for (int r = 0; r < R; r++) {
            read[r] = row[r]->operand;
            bias(block, gate[r]);
            if (is.plan) planned(*row[r], n, t, unit, gate[r]);
        }
        block = multiply<P, R>(block + BLOCK, padded(is.taps * is.C), read, gate);
        for (int r = 0; r < R; r++)
            for (int v = 0; v < 2; v++)
                store<float, LANES>(&row[r]->z[unit + v * LANES], hyperbolic_tangent<float, LANES>(gate[r][v]) *
                                                                      sigmoid<float, LANES>(gate[r][2 + v]));
        return block;
    }
    void planned(const Row<P>& row, int64_t n, int64_t t, int64_t unit, Floats* gate) const {
        const float* plan = is.plan + ((row.b * is.segments + (is.place + t) / is.hold) * is.N + n) * 2 * is.C + unit;
        for (int g = 0; g < GROUP; g++) {
            const int64_t at = g % 2 * LANES;
            gate[g] += load_some(plan + g / 2 * is.C + at, is.C - unit - at);
        }
    }

    // All outputs of a matrix into the vector `to` of each row. Returns where the next matrix begins.
    const int32_t* product(const int32_t* block, int64_t outputs, int64_t K, std::vector<float> Row<P>::* to,
                           Rows& rows) {
        const int32_t* next = block;
        for (int64_t m = 0; m < outputs; m += BLOCK, block = next)
            tiles<P::ROWS>(rows.size(), [&](auto count, int64_t first) {
                constexpr int R = decltype(count)::value;
                Floats sum[R][GROUP];
                Operand<typename P::Input> read[R];
                for (int r = 0; r < R; r++) {
                    read[r] = rows[first + r]->operand;
                    bias(block, sum[r]);
                }
                next = multiply<P, R>(block + BLOCK, padded(K), read, sum);
                for (int r = 0; r < R; r++)
                    for (int g = 0; g < GROUP; g++)
                        store<float, LANES>(&(rows[first + r]->*to)[m + g * LANES], sum[r][g]);
            });
        return block;
    }

    const int32_t* layer(const int32_t* block, int64_t n, int64_t t, int64_t frame, Rows& rows) {
        const int32_t* next = block;
        for (Row<P>* row : rows) row->look_back(is, n, &row->ring[frame * is.C]);
        for (int64_t unit = 0; unit < is.C; unit += 2 * LANES, block = next)
            tiles<P::ROWS>(rows.size(), [&](auto R, int64_t r) { next = units<R>(block, n, t, unit, &rows[r]); });
        for (Row<P>* row : rows) row->reads(row->z, is.C);
        block = product(block, is.C + is.S, is.C, &Row<P>::out, rows);
        for (Row<P>* row : rows) row->leave(is);
        return block;
    }

    // One frame of all rows.
    void step(int64_t t, Rows& rows) {
        const int32_t* block = is.stream;
        for (Row<P>* row : rows) row->enter(is, t);
        for (int64_t n = 0, frame = 0; n < is.N; frame += is.reach(n++)) block = layer(block, n, t, frame, rows);
        const float scale = 1 / std::sqrt(float(is.N));
        for (Row<P>* row : rows) {
            for (float& s : row->skip) s = std::max(s * scale, 0.0f);
            row->reads(row->skip, is.S);
        }
        block = product(block, is.O, is.S, &Row<P>::y, rows);
        for (Row<P>* row : rows) {
            for (float& y : row->y) y = std::max(y, 0.0f);
            row->reads(row->y, is.O);
        }
        product(block, is.V, is.O, &Row<P>::logit, rows);
        for (Row<P>* row : rows) {
            draw(is, t, *row);
            row->now++;
        }
    }
};

}  // namespace

#define EXPORT(P, NAME)                                                                                            \
    extern "C" __attribute__((visibility("default"))) int64_t wavenet_decode_##NAME(                               \
        const int32_t* stream, const float* table, const float* position, const float* plan, const float* past,    \
        const float* uniform, const int64_t* previous, const int64_t* dilations, int64_t* token, float* last,      \
        int64_t B, int64_t T, int64_t N, int64_t C, int64_t S, int64_t O, int64_t V, int64_t K, int64_t taps,      \
        int64_t period, int64_t segments, int64_t hold, int64_t place, int64_t bits, int64_t end,                  \
        double temperature, int64_t threads) {                                                                     \
        return decode<Decoder<P>, Row<P>>(Task{stream, table, position, plan, past, uniform, previous, dilations,  \
                                               token, last, B, T, N, C, S, O, V, K, taps, period, segments, hold,  \
                                               place, bits, end, threads, temperature});                           \
    }
EXPORT(Float32, float32)
EXPORT(Bfloat16, bfloat16)
EXPORT(Int8, int8)
