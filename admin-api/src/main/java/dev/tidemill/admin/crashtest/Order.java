package dev.tidemill.admin.crashtest;

import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/// A wish for a run, as a worker reads it from its standard input.
///
/// @param identity the same identity is the same launch, however often it is asked for
/// @param planned whether a plan is made first and the launch applies it
record Order(String identity, String job, Map<String, String> parameters, boolean planned) {

    static Order of(String identity, String job, Map<String, String> parameters) {
        return new Order(identity, job, parameters, false);
    }

    Order byPlan() {
        return new Order(identity, job, parameters, true);
    }

    /// One line.
    String line() {
        return JsonMapper.shared().writeValueAsString(this);
    }

    static Order parse(String line) {
        return JsonMapper.shared().readValue(line, Order.class);
    }
}
