package dev.tidemill.run;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.jdbc.datasource.DataSourceUtils;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.support.DefaultTransactionStatus;

/// Lets a run's transaction commit only while its process holds the lease of the run. The check is the last
/// statement of the transaction, so the lock on the lease's row is held for the commit alone: whoever takes the
/// lease over waits for a commit that is under way, and any later one finds the fence raised and rolls back.
public final class FencedTransactionManager extends JdbcTransactionManager {

    private static final long serialVersionUID = 1;

    private final transient Fences fences;

    FencedTransactionManager(DataSource dataSource, Fences fences) {
        super(dataSource);
        this.fences = fences;
        setRollbackOnCommitFailure(false);
    }

    @Override
    protected void prepareForCommit(DefaultTransactionStatus status) {
        super.prepareForCommit(status);
        if (!status.isNewTransaction() || status.isReadOnly()) {
            return;
        }
        Fences.Lease lease = fences.required();
        if (lease == null) {
            return;
        }
        DataSource dataSource = obtainDataSource();
        Connection connection = DataSourceUtils.getConnection(dataSource);
        try (PreparedStatement statement = connection.prepareStatement(
                "UPDATE job_leases SET commits = commits + 1 WHERE job_instance_id = ? AND fence = ?")) {
            statement.setLong(1, lease.jobInstanceId());
            statement.setLong(2, lease.fence());
            if (statement.executeUpdate() != 1) {
                throw new FenceLost(lease.jobInstanceId(), lease.fence());
            }
        } catch (SQLException e) {
            throw new DataAccessResourceFailureException(
                    "the lease of job instance " + lease.jobInstanceId() + " could not be checked: " + e.getMessage(),
                    e);
        } finally {
            DataSourceUtils.releaseConnection(connection, dataSource);
        }
    }
}
