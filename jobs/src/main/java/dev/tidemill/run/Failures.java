package dev.tidemill.run;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.http.HttpTimeoutException;
import java.sql.SQLException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTransientException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.RecoverableDataAccessException;
import org.springframework.dao.TransientDataAccessException;
import org.springframework.transaction.CannotCreateTransactionException;
import org.springframework.transaction.TransactionSystemException;

/// Why runs fail: what kind of failure it was, and one sentence about it.
final class Failures {

    private Failures() {}

    /// The kind of the first failure that has one other than unknown; unknown for none.
    static ErrorClass classify(List<Throwable> failures) {
        return failures.stream()
                .map(Failures::classify)
                .filter(kind -> kind != ErrorClass.UNKNOWN)
                .findFirst()
                .orElse(ErrorClass.UNKNOWN);
    }

    static ErrorClass classify(Throwable failure) {
        Set<Throwable> seen = new HashSet<>();
        ErrorClass kind = ErrorClass.UNKNOWN;
        // An inner cause says more than what it was wrapped in, except that a full disk often shows as a lost
        // connection.
        for (Throwable t = failure; t != null && seen.add(t); t = t.getCause()) {
            ErrorClass one = one(t);
            if (one == ErrorClass.NO_SPACE) {
                return one;
            }
            if (one != ErrorClass.UNKNOWN) {
                kind = one;
            }
        }
        return kind;
    }

    private static ErrorClass one(Throwable t) {
        if (t instanceof RetryAfter) {
            return ErrorClass.RATE_LIMITED;
        }
        if (t instanceof DataError) {
            return ErrorClass.DATA;
        }
        if (t instanceof SQLException sql && sql.getSQLState() != null) {
            String state = sql.getSQLState();
            if (state.equals("53100")) {
                return ErrorClass.NO_SPACE;
            }
            // connection exception, transaction rollback, insufficient resources, lock not available, operator
            // intervention
            if (state.startsWith("08")
                    || state.startsWith("40")
                    || state.startsWith("53")
                    || state.equals("55P03")
                    || state.startsWith("57")) {
                return ErrorClass.TRANSIENT;
            }
        }
        if (t instanceof IOException && String.valueOf(t.getMessage()).contains("No space left on device")) {
            return ErrorClass.NO_SPACE;
        }
        return t instanceof FenceLost
                        || t instanceof TransientDataAccessException
                        || t instanceof RecoverableDataAccessException
                        || t instanceof DataAccessResourceFailureException
                        || t instanceof CannotCreateTransactionException
                        // Also one that could not be rolled back, as its connection is gone; that hides why.
                        || t instanceof TransactionSystemException
                        || t instanceof SQLTransientException
                        || t instanceof SQLRecoverableException
                        || t instanceof HttpTimeoutException
                        || t instanceof SocketTimeoutException
                        || t instanceof ConnectException
                ? ErrorClass.TRANSIENT
                : ErrorClass.UNKNOWN;
    }

    /// Whether the tries that the policy allows were all made within the step already.
    static boolean triedOut(List<Throwable> failures) {
        Set<Throwable> seen = new HashSet<>();
        for (Throwable failure : failures) {
            for (Throwable t = failure; t != null && seen.add(t); t = t.getCause()) {
                if (t instanceof TriedOut) {
                    return true;
                }
            }
        }
        return false;
    }

    /// The patience that a cause asked for, null when none did.
    static @Nullable Duration retryAfter(List<Throwable> failures) {
        Set<Throwable> seen = new HashSet<>();
        Duration longest = null;
        for (Throwable failure : failures) {
            for (Throwable t = failure; t != null && seen.add(t); t = t.getCause()) {
                if (t instanceof RetryAfter asked
                        && (longest == null || asked.retryAfter().compareTo(longest) > 0)) {
                    longest = asked.retryAfter();
                }
            }
        }
        return longest;
    }

    /// The innermost message of each failure, which says most about it.
    static String describe(List<Throwable> failures) {
        StringBuilder text = new StringBuilder();
        Set<String> said = new HashSet<>();
        for (Throwable failure : failures) {
            Throwable root = root(failure);
            String message = root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
            if (said.add(message)) {
                text.append(text.isEmpty() ? "" : "; ").append(message);
            }
        }
        return text.isEmpty() ? "failed without a stated cause" : text.toString();
    }

    static Throwable root(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null && root.getCause() != root) {
            root = root.getCause();
        }
        return root;
    }
}
