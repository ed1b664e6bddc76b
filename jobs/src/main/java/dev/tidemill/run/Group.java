package dev.tidemill.run;

import java.util.List;

/// Items that are read together and committed together. They are counted and given up on one by one.
///
/// @param items as many as their reader found to be enough
public record Group<T>(List<T> items) {

    public Group {
        items = List.copyOf(items);
    }
}
