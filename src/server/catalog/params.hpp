// The parameters of recommenders: what may stand in the jsonb object `params`, in one table.
//
// All functions here are PostgreSQL phases: call them with no destructor pending.
#pragma once

#include "engine/rank/ranking.hpp"
#include "server/catalog/recommender.hpp"

namespace knowhow::server {

enum class ParamType { kInteger, kReal, kTextConfig, kChoice };

struct KnownParam {
    const char* name;
    ParamType type;
    double standard;  // the value where params does not name it; this and the range are for numbers
    double minimum;   // both ends belong to the range
    double maximum;
    const char* description;  // with unit and, where it is of one algorithm only, that one
    const char* standard_text = nullptr;  // the value of a text where params does not name it
    const char* choices = nullptr;        // of kChoice: all values, separated by ", "
};

// All of them, in alphabetical order; `*count` is set to their number.
const KnownParam* known_params(int* count);

// The value of a known parameter: the stored one, else its default. An unknown name is an error
// of the calling code (XX000). A stored value out of range (a row that was forged or comes from
// another version) is error 22023.
double param_number(const Recommender& recommender, const char* name);

// The same from the params of a model.
double param_number(const Jsonb* params, const char* name);

// Whether the recommender names the parameter, instead of leaving it at its default.
bool names_param(const Recommender& recommender, const char* name);

// The value of a choice among texts, in the current memory context.
const char* param_choice(const Recommender& recommender, const char* name);

// The text search configuration that parameter text_config names. Error 42704: there is none (any
// more); 22023: the stored value is no text.
Oid text_config(const Recommender& recommender);

// Whether training makes an item-item matrix: not for user_knn, which reads ratings when it is
// asked, nor for the baselines, which know no people. An unknown name counts as one that does.
bool learns_matrix(const char* algorithm);

// The weights of the signals into *options: those that the recommender's params name, else those
// that training has found, else the defaults. `found`: as a model's metrics hold them, or NULL.
// Returns which the params name: bit i for the i-th of signal_weights().
std::uint32_t read_signal_weights(const Recommender& recommender, const Jsonb* found,
                                  RankingOptions* options);

// Checks the algorithm's name; error 22023 lists the known ones.
void check_algorithm(const char* algorithm);

// Checks what a user passes: an object of known keys with values in range, or null, which stands
// for the default. Error 22023 names the first fault; for an unknown key it lists the known ones.
// Error 42704: a text search configuration that is named does not exist.
void check_params(Jsonb* params);

}  // namespace knowhow::server
