#!/usr/bin/perl
# A ledger is moved from a file into PostgreSQL and back, backed up from there and restored there: every row is the same, the heads
# are equal, no customer is created twice, and only one of the places is ever written. And the first night in an empty database.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;
use KycTest;
use KycPostgres;
use KycRun;

my $why = postgres_missing();
plan skip_all => $why if $why;
my $json = JSON::PP->new->utf8;
my $pg = postgres_start();
my $sandbox = sandbox_start();
$ENV{TEST_PASSWORD} = 'an invented password';

sub users { return sandbox_counts($sandbox)->{$_[0] || 'kira'}{users}; }
my @tables = qw(customer event run task nonce reading backup meta);
my %bytes = map { $_ => 1 } qw(digest member_digests email_digest left_out identity pending_digest pending_member_digests pending_email_digest
    seal body_digest chain); # columns of bytes are shown in hexadecimal by both

# Every row of every table, in the same form from both, but for what is of one place: the mark of a move, the format.
sub rows_of
{
    my ($place, $schema) = @_;
    my $all = '';
    for my $table (@tables) {
        my $order = {meta => 'key', nonce => 'key_id', reading => 'customer'}->{$table} || 'id';
        my $where = $table eq 'meta' ? "WHERE key NOT IN ('moved_to', 'schema_version')" : '';
        my @names = names_of($place, $table, $schema);
        my $list = join ', ', map { $bytes{$_} && $table =~ /^(?:customer|event|task)$/ ? ($place =~ /^postgres/ ? "upper(encode($_, 'hex'))" : "CASE WHEN $_ IS NOT NULL THEN hex($_) END") : $_ } grep { !($table eq 'backup' && $_ eq 'id') } @names;
        my $query = "SELECT $list FROM $table $where ORDER BY $order";
        $all .= "$table(@names)\n" . ($place =~ /^postgres/
            ? join '', map { join('|', map { defined $_ ? $_ : '' } @$_) . "\n" } postgres_query($place, $query, $schema)
            : (run_program('sqlite3', '-readonly', '-separator', '|', $place, $query))[1]);
    }
    return $all;
}

sub names_of
{
    my ($place, $table, $schema) = @_;
    return map { $_->[0] } postgres_query($place, "SELECT column_name FROM information_schema.columns WHERE table_schema = '$schema' AND table_name = '$table' ORDER BY ordinal_position")
        if $place =~ /^postgres/;
    return split /\n/, (run_program('sqlite3', '-readonly', $place, "SELECT name FROM pragma_table_info('$table')"))[1];
}

# A case with customers, an update, one that is forgotten, read states and links (kira), and a backup.
sub case_with_history
{
    my ($provider, $first) = @_;
    local $ENV{KYC_LEDGER};
    my $case = case_new($sandbox, provider => $provider, csv => csv_rows(12, 1, $first), set => {report_keep => 2});
    run_of($case, "$provider: twelve are created", 1);
    write_file("$case->{folder}/export.csv", csv_rows(12, 0, $first) =~ s/San Francisco,94103/Oakland,94601/r);
    run_of($case, "$provider: one is changed", 0);
    is((case_run($case, 'forget', '--key', sprintf 'cust-%06d', $first + 3))[0], 0, "$provider: one is forgotten");
    if ($provider eq 'kira') {
        is((case_run($case, $_, '--rows-ok'))[0], 0, "$provider: $_") for qw(refresh links);
    }
    is((case_run($case, 'backup', "$case->{folder}/b"))[0], 0, "$provider: a backup");
    return $case;
}

# From now on the case has its ledger in the database.
sub use_database
{
    my ($case, $url) = @_;
    $case->{set}{$_->[0]} = $_->[1] for ['ledger', $url], ['ledger_key', 'file:test.ledger.key'], ['ledger_password', 'env:TEST_PASSWORD'];
    return;
}

sub head_of { return ((case_run($_[0], 'status'))[1] =~ /^ledger head (\w+)$/m)[0]; }

my $first = 0;
for my $provider (qw(kira payward)) {
    subtest "$provider: into PostgreSQL and back" => sub {
        my $case = case_with_history($provider, $first += 100);
        my $url = postgres_database($pg);
        my ($users, $head, $before) = (users($provider), head_of($case), rows_of("$case->{folder}/test.ledger"));
        cmp_ok(length $before, '>', 3000, 'there is something to copy');
        my @key = ('--set', 'ledger_key=file:test.ledger.key');
        my ($status, $out, $err) = case_run($case, 'ledger', 'sqlite:test.ledger', $url, @key);
        is($status, 0, 'status 0') or diag $err;
        is_deeply([$out =~ /^ledger head (\w+)/mg], [$head, $head], 'the heads are equal');
        is(rows_of($url, 'kyc_test'), $before, 'every row of every table is the same');
        is_deeply([map { $_->[0] } postgres_query($url, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'kyc%'")], ['kyc_test'], 'no draft is left');
        is(rows_of("$case->{folder}/test.ledger"), $before, 'the file is as it was');
        is((case_run($case, 'ledger', 'sqlite:test.ledger', $url, @key))[0], 2, 'a copy never replaces a ledger');

        for my $again (['run'], ['run', '--new-ledger']) {
            ($status, undef, $err) = case_run($case, @$again);
            is($status, 5, "@$again of the file: status 5");
            like($err, qr{test\.ledger was copied to \Q$url\E on \d{4}-\S+, and is not written any more}, 'and where to continue');
        }
        use_database($case, $url);
        is_verified($case, 'it verifies there');
        write_file("$case->{folder}/export.csv", csv_rows(13, 0, $first) =~ s/San Francisco,94103/Oakland,94601/r);
        my ($summary) = run_of($case, 'a run continues in the database', 1);
        is_deeply([@$summary{qw(created updated unchanged)}], [1, 0, 11], 'everybody is known, and one is new');
        is(users($provider), $users + 1, 'who alone was created');
        is_verified($case, 'it verifies after it');

        my ($there, $head_there) = (rows_of($url, 'kyc_test'), head_of($case));
        ($status, $out, $err) = case_run($case, 'ledger', $url, 'sqlite:back.ledger', '--json');
        is($status, 0, 'back into a file: status 0') or diag $err;
        my $copied = $json->decode($out);
        is_deeply([@$copied{qw(from_head to_head customers)}], [$head_there, $head_there, 13], 'the heads are equal');
        is(rows_of("$case->{folder}/back.ledger"), $there, 'every row of every table is the same');
        ok(!-e "$case->{folder}/back.ledger.key", 'the key is the job\'s');
        ($status, undef, $err) = case_run($case);
        is($status, 5, 'the database is not written any more');
        like($err, qr{\Q$url\E was copied to \S+back\.ledger on }, 'and where to continue');
        $case->{set}{ledger} = 'sqlite:back.ledger';
        delete $case->{set}{ledger_password};
        ($summary) = run_of($case, 'a run continues in the file', 1);
        is($summary->{created}, 0, 'nobody is created');
        is(users($provider), $users + 1, 'nobody at all');
        is_verified($case, 'it verifies at last');
    };
}

subtest 'what cannot be copied' => sub {
    my $case = case_with_history('kira', 1000);
    my $url = postgres_database($pg);
    my ($status, undef, $err) = case_run($case, 'ledger', 'sqlite:test.ledger', $url);
    is($status, 5, 'without a key of the job: status 5');
    like($err, qr/needs the job's ledger_key, and there is none: the job does not set it, or the variable or file that it names is missing\nhint: /, 'and what to set');
    my @key = ('--set', 'ledger_key=file:test.ledger.key');
    {
        local $case->{looks} = 1; # no --new-ledger of the tests' own
        ($status, undef, $err) = case_run($case, 'run', '--set', "ledger=$url", @key);
        is($status, 5, 'a run of a job that names the new place, and was not moved: status 5');
        like($err, qr/shows that this job had one .*\nhint: if that one still exists, set `ledger` to it, or move it: kyc-import ledger copy \S+job\.yaml sqlite:\S+test\.ledger \Q$url\E; else /s, 'and how to move it');
    }
    ($status, undef, $err) = case_run($case, 'ledger', $url, 'sqlite:new', @key);
    is($status, 2, 'no ledger in the database: status 2');
    like($err, qr/there is no ledger of the job test at \Q$url\E/, 'and why');
    ($status, undef, $err) = case_run($case, 'ledger', 'sqlite:test.ledger', 'postgresql://postgres@127.0.0.1:1/none', @key);
    is($status, 5, 'no server: status 5');
    like($err, qr/cannot be reached: .*\nhint: /, 'and why');
    write_file("$case->{folder}/other.key", ('0' x 64) . "\n");
    chmod 0600, "$case->{folder}/other.key";
    ($status, undef, $err) = case_run($case, 'ledger', 'sqlite:test.ledger', $url, '--set', 'ledger_key=file:other.key');
    is($status, 5, 'another key: status 5');
    case_sql($case, "UPDATE customer SET message = CAST(x'610062' AS TEXT) WHERE id = 1");
    ($status, undef, $err) = case_run($case, 'ledger', 'sqlite:test.ledger', $url, @key);
    is($status, 5, 'a text that PostgreSQL does not store: status 5');
    like($err, qr/the ledger \S+test\.ledger cannot be copied: customer 1 has in message bytes that PostgreSQL does not store as text\nhint: /, 'and where');
    is_deeply([map { $_->[0] } postgres_query($url, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'kyc%draft'")], [], 'no draft is left');
    is(rows_of("$case->{folder}/test.ledger") =~ /moved_to/, '', 'and the file is in use');
};

# A backup that was made from the database is a file like any other; it is restored there, and elsewhere.
subtest 'a backup of the database' => sub {
    my $case = case_with_history('kira', 1100);
    my $url = postgres_database($pg);
    my $folder = $case->{folder};
    is((case_run($case, 'ledger', 'sqlite:test.ledger', $url, '--set', 'ledger_key=file:test.ledger.key'))[0], 0, 'the ledger is copied');
    use_database($case, $url);
    my $head = head_of($case);
    my ($status, $out, $err) = case_run($case, 'backup', "$folder/from-database");
    is($status, 0, 'it is backed up') or diag $err;
    like($out, qr/^ledger head $head$/m, 'with its head');
    is(rows_of("$folder/from-database") =~ s/^copied\|.*\n//mr, rows_of($url, 'kyc_test') =~ s/^\d+\|\S*from-database\|$head\n//mr, 'and every row');
    ok(!-e "$folder/from-database-wal" && !-e "$folder/from-database.key", 'in one file');
    write_file("$folder/export.csv", csv_rows(14, 0, 1100) =~ s/San Francisco,94103/Oakland,94601/r);
    run_of($case, 'two more are created', 1);
    my $users = users();
    ($status, $out, $err) = case_run($case, 'restore', "$folder/from-database");
    is($status, 0, 'the older one is restored') or diag $err;
    like($out, qr/^the ledger that was there is now \Q$url\E, schema kyc_test\$before_\d{8}_\d{6}$/m, 'the present one gets another name');
    my @schemas = map { $_->[0] } postgres_query($url, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'kyc%' ORDER BY 1");
    is(scalar @schemas, 2, 'two schemas') or diag "@schemas";
    ($status, undef, $err) = case_run($case);
    is($status, 5, 'a run stops until a person decides');
    like($err, qr/restored from a backup of/, 'and says why');
    is(users(), $users, 'nobody is created twice');
    is((map { $_->[0] } postgres_query($url, 'SELECT epoch FROM writer', 'kyc_test'))[0] > (map { $_->[0] } postgres_query($url, 'SELECT epoch FROM writer', $schemas[1]))[0] ? 1 : 0, 1,
        'its epoch is above that of the former one');
    run_of($case, 'a person decides to continue', 1, '--new-ledger');
    is_verified($case, 'it verifies');
};

subtest 'a first night in an empty database' => sub {
    my $case = case_with_history('kira', 1200);
    my $url = postgres_database($pg);
    use_database($case, $url);
    unlink glob "$case->{folder}/test.ledger $case->{folder}/test.ledger.head $case->{folder}/reports/test/*.head $case->{folder}/reports/test/summary.json";
    my $users = users();
    my @run = grep { $_ ne '--new-ledger' } case_arguments($case, 'run');
    my ($status, undef, $err) = run_program(@run);
    is($status, 5, 'a run: status 5') or diag $err;
    like($err, qr/there is no ledger of the job test \(schema kyc_test\): an empty database must not look like a first night, in which every customer is created\nhint: .*--new-ledger/, 'and why');
    for my $other (['status'], ['results'], ['refresh'], ['links'], ['forget', '--key', 'x'], ['backup', "$case->{folder}/c"], ['resolve', '--key', 'x', '--absent']) {
        ($status, undef, $err) = case_run($case, @$other);
        is($status, 5, "$other->[0]: status 5") or diag $err;
    }
    is((case_run($case, 'check', '--rows-ok'))[0], 0, 'a check is as of a first night');
    is_deeply([postgres_query($url, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'kyc%'")], [], 'none of them makes a schema');
    is(users(), $users, 'and nobody is created');

    # --new-ledger makes the ledger; what the provider has already is asked for all the same.
    ($status, undef, $err) = run_program(@run, '--new-ledger');
    is($status, 4, 'a first night with users that the provider has: status 4');
    like($err, qr/kira already has users with the e-mail addresses of 12 records .*hint: .*kyc-import adopt /s, 'and what to do');
    is(users(), $users, 'nobody is created');
    is((case_run($case, 'adopt', '--rows-ok'))[0], 0, 'they are adopted');
    my ($summary) = run_of($case, 'a run continues', 0);
    is($summary->{created}, 0, 'and creates nobody');
    is(users(), $users, 'nobody at all');
};
# A folder may have any name; a database takes no text but UTF-8.
subtest 'a folder whose name is not UTF-8' => sub {
    my $case = case_new($sandbox, provider => 'kira', csv => csv_rows(3, 0, 1400));
    my $folder = "$case->{folder}/b\xfcro";
    my $url = postgres_database($pg);
    mkdir $folder;
    $case->{set}{$_->[0]} = $_->[1] for ['ledger', $url], ['ledger_key', 'env:TEST_PASSWORD'];
    is((case_run($case, '-q', '--new-ledger'))[0], 0, 'a run');
    my ($status, $out, $err) = case_run($case, 'backup', "$folder/b");
    is($status, 0, 'a backup there') or diag $err;
    ($status, $out, $err) = case_run($case, 'forget', '--key', 'cust-001401');
    like($out, qr{^backups that may still have them:\n  \S+  \Q$case->{folder}\E/b\xef\xbf\xbdro/b \(not found here; it or copies of it may be elsewhere\)$}m, 'which is named, by what the database can hold') or diag $err;
    {
        local @ENV{qw(KYC_BUILD KYC_STOP_AT KYC_STOP_BY)} = (($ENV{KYC_BUILD} // 'build') . '/steps', 'ledger marked as moved#1', 'kill');
        is((case_run($case, 'ledger', $url, "sqlite:$folder/moved"))[0], 128 + 9, 'a copy there is killed once the ledger has its mark');
    }
    ($status, $out, $err) = case_run($case, 'ledger', $url, "sqlite:$folder/moved");
    is($status, 0, 'and completed by the next one') or diag $err;
    ($status, $out, $err) = case_run($case, 'ledger', "sqlite:$folder/moved", postgres_database($pg));
    is($status, 0, 'back into a database') or diag $err;
};

# The schema that a restore moves aside is named after the present one; PostgreSQL cuts names at 63 bytes.
subtest 'a job with the longest name' => sub {
    my $case = case_new($sandbox, provider => 'kira', csv => csv_rows(2, 0, 1300));
    my ($url, $name) = (postgres_database($pg), 'a' x 59);
    $case->{set}{$_->[0]} = $_->[1] for ['ledger', $url], ['ledger_key', 'env:TEST_PASSWORD'];
    write_file("$case->{folder}/job.yaml", read_file("$case->{folder}/job.yaml") =~ s/^job: test/job: $name/r);
    is((case_run($case, '-q', '--new-ledger'))[0], 0, 'a run');
    is((case_run($case, 'backup', "$case->{folder}/b"))[0], 0, 'a backup');
    is((case_run($case, 'restore', "$case->{folder}/b"))[0], 0, "restore $_") for 1, 2;
    my @schemas = sort map { $_->[0] } postgres_query($url, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'kyc%'");
    is(scalar(grep { /^kyc_a{20,}[0-9a-f]{8}\$before_\d{8}_\d{6}(?:_02)?$/ } @schemas), 2, 'both that were there have names of their own') or diag "@schemas";
    is(scalar(grep { $_ eq "kyc_$name" } @schemas), 1, 'and the third has the job\'s');
    is_verified($case, 'it verifies');
};
sandbox_stop($sandbox);
postgres_stop($pg);
done_testing;
