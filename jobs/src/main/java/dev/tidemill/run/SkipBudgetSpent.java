package dev.tidemill.run;

/// A step gave up on more items than it may: the cause is no longer in the items.
final class SkipBudgetSpent extends RuntimeException {

    private static final long serialVersionUID = 1;

    SkipBudgetSpent(String message) {
        super(message);
    }
}
