package dev.tidemill.admin.crashtest;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/// One of the two installations that are compared, read and prepared as the owner of its database.
///
/// @param database its name
/// @param home data folder of its processes
/// @param files where its jobs write files for people
/// @param owner a source as its owner, asked each time: a restarted server may listen on another port
record Side(String database, Path home, Path files, Supplier<? extends DataSource> owner) {

    /// An independent look at its rows.
    Ledger ledger() {
        return new Ledger(owner.get());
    }

    JdbcClient jdbc() {
        return JdbcClient.create(owner.get());
    }

    List<Map<String, @Nullable Object>> rows(String sql) {
        return jdbc().sql(sql).query().listOfRows();
    }

    /// The rows as lines, each beginning with what they are.
    List<String> lines(String what, String sql) {
        return rows(sql).stream().map(row -> what + " " + row).toList();
    }

    long number(String sql) {
        return jdbc().sql(sql).query(Long.class).single();
    }

    /// Some statements at once, without parameters.
    void execute(String sql) {
        jdbc().sql(sql).update();
    }
}
