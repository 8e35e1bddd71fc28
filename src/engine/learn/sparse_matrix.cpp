#include "engine/learn/sparse_matrix.hpp"

namespace knowhow {

SparseMatrix transpose(SparseView matrix, std::pmr::memory_resource* resource, Monitor& monitor) {
    SparseMatrix result(resource);
    result.column_count = matrix.row_count();
    result.offsets.assign(static_cast<std::size_t>(matrix.column_count()) + 1, 0);
    PollEvery poll(monitor, 65536);
    // next[c] is where the next value of column c goes.
    std::pmr::vector<std::int64_t> next(static_cast<std::size_t>(matrix.column_count()), 0,
                                        resource);
    for (std::int32_t r = 0; r < matrix.row_count(); ++r) {
        for (std::int32_t column : matrix.row(r).columns) {
            ++next[static_cast<std::size_t>(column)];
            poll.step();
        }
        poll.step();
    }
    std::int64_t total = 0;
    for (std::size_t c = 0; c < next.size(); ++c) {
        const std::int64_t count = next[c];
        next[c] = total;
        total += count;
        result.offsets[c + 1] = total;
        poll.step();
    }
    result.columns.resize(matrix.value_count());
    monitor.poll();
    result.values.resize(matrix.value_count());
    for (std::int32_t r = 0; r < matrix.row_count(); ++r) {
        const SparseRow row = matrix.row(r);
        for (std::size_t k = 0; k < row.size(); ++k) {
            const auto at =
                static_cast<std::size_t>(next[static_cast<std::size_t>(row.columns[k])]++);
            result.columns[at] = r;
            result.values[at] = row.values[k];
            poll.step();
        }
        poll.step();
    }
    return result;
}

}  // namespace knowhow
