// What every decoding kernel does around its frames: numbers are checked, rows shared, and finished rows left alone.
#pragma once
#include <algorithm>

#include "draw.h"
#include "work.h"

template <class Task, class Row> void draw(const Task& is, int64_t t, Row& row) {
    const float* uniform = is.uniform + (row.b * is.T + t) * is.K;
    const float heat = float(is.temperature);
    row.previous = is.bits ? draw_bits(row.logit.data(), is.V, heat, uniform)
                           : draw_category(row.logit.data(), is.V, heat, *uniform);
    is.token[row.b * is.T + t] = row.previous;
}

// Rows first .. last - 1. A row that has drawn `end` is worked on no more, so its state is held.
template <class Decoder, class Row, class Task> void decode_rows(const Task& is, int64_t first, int64_t last) {
    std::vector<Row> every;
    every.reserve(last - first);
    std::vector<Row*> rows;
    for (int64_t b = first; b < last; b++) {
        every.emplace_back(is, b);
        rows.push_back(&every.back());
        std::fill_n(is.token + b * is.T, is.T, is.end);
    }
    Decoder decoder{is};
    for (int64_t t = 0; t < is.T; t++) {
        const auto ended = [&](const Row* row) { return row->previous == is.end; };
        rows.erase(std::remove_if(rows.begin(), rows.end(), ended), rows.end());
        if (rows.empty()) break;
        decoder.step(t, rows);
    }
    for (const Row& row : every) row.finish(is);
}

// Returns the flat index of the first bad uniform number, before anything is drawn, or -1.
template <class Decoder, class Row, class Task> int64_t decode(const Task& is) {
    const int64_t bad = is.temperature == 0 ? -1 : bad_uniform(is.uniform, is.B * is.T * is.K);
    if (bad >= 0) return bad;
    const int64_t parts = std::max<int64_t>(1, std::min(is.threads, is.B));
    share(parts, parts, [&](int64_t part) -> int64_t {
        decode_rows<Decoder, Row>(is, is.B * part / parts, is.B * (part + 1) / parts);
        return -1;
    });
    return -1;
}
