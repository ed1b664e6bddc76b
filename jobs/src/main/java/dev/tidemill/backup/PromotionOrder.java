package dev.tidemill.backup;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// The wish that a restored database be put in the place of the live one at the next start of the server: a server
/// cannot rename the database it works in. Lies as a file in the data folder until it is carried out or withdrawn.
///
/// @param database name of the restored one
/// @param oid of it, which a renaming leaves as it is
/// @param live name of the one whose place it takes
/// @param by who ordered it
public record PromotionOrder(String database, long oid, String live, String by, Instant at) {

    private static final String FILE = "promotion.json";
    private static final Logger log = LoggerFactory.getLogger(PromotionOrder.class);

    /// Orders it.
    ///
    /// @param home the data folder
    /// @param confirmed the same name again
    /// @throws IllegalStateException saying what stands in the way
    public static PromotionOrder place(
            Path home, LiveDatabase database, String restored, String confirmed, String by, Instant now) {
        Promotion.requireConfirmed(database, restored, confirmed);
        try (Connection connection = database.connect("tidemill promote")) {
            Promotion.requireWhole(connection, restored);
            long oid = LiveDatabase.number(connection, "SELECT oid FROM pg_database WHERE datname = ?", restored);
            PromotionOrder order = new PromotionOrder(restored, oid, database.name(), by, now);
            Path draft = Files.writeString(
                    Files.createTempFile(
                            home,
                            "promotion-",
                            ".new",
                            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))),
                    JsonMapper.shared().writeValueAsString(order));
            Files.move(draft, home.resolve(FILE), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return order;
        } catch (SQLException e) {
            throw new IllegalStateException("the databases cannot be looked at: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new UncheckedIOException("the order cannot be written to " + home + ": " + e.getMessage(), e);
        }
    }

    public static Optional<PromotionOrder> find(Path home) {
        try {
            return Optional.of(
                    JsonMapper.shared().readValue(Files.readString(home.resolve(FILE)), PromotionOrder.class));
        } catch (NoSuchFileException none) {
            return Optional.empty();
        } catch (IOException | JacksonException e) {
            throw new IllegalStateException(
                    home.resolve(FILE) + " cannot be read: remove it, and order the promotion again", e);
        }
    }

    /// Takes an order back that was not carried out yet.
    ///
    /// @return whether there was one
    public static boolean withdraw(Path home) {
        try {
            return Files.deleteIfExists(home.resolve(FILE));
        } catch (IOException e) {
            throw new UncheckedIOException(home.resolve(FILE) + " cannot be removed", e);
        }
    }

    /// Does what was ordered, before anything else connects. A process that died right after it finds it done.
    ///
    /// @throws IllegalStateException saying why it cannot be, and how to go on
    public static void carryOut(Path home, LiveDatabase database) {
        Optional<PromotionOrder> order = find(home);
        if (order.isEmpty() || !order.get().live().equals(database.name())) {
            return;
        }
        PromotionOrder wanted = order.get();
        try (Connection connection = database.named("postgres").connect("tidemill promote")) {
            long now = LiveDatabase.number(connection, "SELECT oid FROM pg_database WHERE datname = ?", wanted.live());
            if (now == wanted.oid()) {
                withdraw(home);
                return;
            }
        } catch (SQLException e) {
            throw new IllegalStateException("the databases cannot be looked at: " + e.getMessage(), e);
        }
        try {
            String old = Promotion.promote(database, wanted.database(), wanted.database(), Instant.now());
            log.warn(
                    "{} is the live database now, as {} ordered at {}; the one before is kept as {}. Its schedules are"
                            + " paused",
                    wanted.database(),
                    wanted.by(),
                    wanted.at(),
                    old);
            withdraw(home);
        } catch (IllegalStateException e) {
            throw new IllegalStateException(
                    "the promotion of " + wanted.database() + ", which " + wanted.by() + " ordered at " + wanted.at()
                            + ", cannot be done: " + e.getMessage() + ". Or remove " + home.resolve(FILE)
                            + " to go on with " + wanted.live() + " as it is",
                    e);
        }
    }
}
