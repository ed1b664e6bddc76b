package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.sql.DriverManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DatabaseUrlTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "postgres://ada:secret@db.example:6000/books | jdbc:postgresql://db.example:6000/books | ada | secret",
                "postgresql://ada@db/books                   | jdbc:postgresql://db:5432/books         | ada | -",
                "postgresql+asyncpg://ada:s@db:5432/books    | jdbc:postgresql://db:5432/books         | ada | s",
                "jdbc:postgresql://db/books?user=ada&password=s%26t | jdbc:postgresql://db:5432/books  | ada | s&t",
                "postgres://a%40b:p%2Fq%3A%25@db/books       | jdbc:postgresql://db:5432/books         | a@b | p/q:%",
                "postgres://ada:p+q@db/books                 | jdbc:postgresql://db:5432/books         | ada | p+q",
                "postgres://ada:p:q@db/books                 | jdbc:postgresql://db:5432/books         | ada | p:q",
                "postgres:///books                           | jdbc:postgresql://localhost:5432/books  | -   | -",
                "postgres://[::1]/books                      | jdbc:postgresql://[::1]:5432/books      | -   | -",
                "postgres://[::1]:7/books                    | jdbc:postgresql://[::1]:7/books         | -   | -",
                "postgres://one:1,two:2/books                | jdbc:postgresql://one:1,two:2/books     | -   | -",
                "postgres://db/my%20books                    | jdbc:postgresql://db:5432/my%20books    | -   | -",
                "postgres://db/b?sslmode=require&connect_timeout=5 | jdbc:postgresql://db:5432/b?sslmode=require&connectTimeout=5 | - | -",
                "postgres://db:1/b                           | jdbc:postgresql://db:1/b                | -   | -",
                "postgres://db:65535/b                       | jdbc:postgresql://db:65535/b            | -   | -"
            })
    void everyUsualFormIsRead(String url, String jdbcUrl, String username, String password) {
        DatabaseUrl parsed = DatabaseUrl.parse(url);
        assertThat(parsed.jdbcUrl()).isEqualTo(jdbcUrl);
        assertThat(parsed.username()).isEqualTo(username);
        assertThat(parsed.password()).isEqualTo(password);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "mysql://ada:hunter2@db/books       | begins with mysql://",
                "ada:hunter2@db/books               | no scheme",
                "postgres://ada:hunter2@db          | names no database",
                "postgres://ada:hunter2@db/         | names no database",
                "postgres://ada:hunter2@db:0/b      | port 0",
                "postgres://ada:hunter2@db:65536/b  | port 65536",
                "postgres://ada:hunter2@db:port/b   | no readable host",
                "postgres://ada:hunter2%zz@db/b     | password has a '%'",
                "postgres://ada:hunter2?x@db/b      | names no database",
                "postgres://ada:hunter2@db/a/b      | percent-encoding",
                "postgres://ada:hunter2@db/b?sslmode | option without a value"
            })
    void whatIsWrongIsSaidWithoutThePassword(String url, String complaint) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DatabaseUrl.parse(url))
                .withMessageContaining(complaint)
                .withMessageNotContaining("hunter2")
                .withNoCause();
    }

    @ParameterizedTest
    @ValueSource(strings = {"postgres://ada:hunter2@db/books", "jdbc:postgresql://db/books?user=ada&password=hunter2"})
    void theTextFormHidesThePassword(String url) {
        assertThat(DatabaseUrl.parse(url)).hasToString("postgresql://ada:***@db:5432/books");
    }

    @Test
    void aDatabaseUrlOfTheTestClusterConnects() throws Exception {
        try (TestDatabase database = TestDatabase.createEmpty()) {
            String url = "postgres://" + database.username() + ":" + database.password() + "@"
                    + database.jdbcUrl().substring("jdbc:postgresql://".length()) + "?application_name=walk";
            DatabaseUrl parsed = DatabaseUrl.parse(url);
            try (var connection = DriverManager.getConnection(parsed.jdbcUrl(), parsed.username(), parsed.password())) {
                assertThat(connection.getClientInfo("ApplicationName")).isEqualTo("walk");
            }
        }
    }
}
