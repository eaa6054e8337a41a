#!/usr/bin/perl
# The place of a ledger in PostgreSQL, as a person writes it: what is refused, and where; passwords, sockets, several hosts,
# schemas; and that no environment variable of libpq leads elsewhere.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycPostgres;
use KycTest;

my $why = postgres_missing();
plan skip_all => $why if $why;

# Two accounts with a password, and the test's own without.
my $hba = "local all all trust\nhost all kyc 127.0.0.1/32 scram-sha-256\nhost all kyc-two 127.0.0.1/32 scram-sha-256\nhost all postgres 127.0.0.1/32 trust\n";
my $pg = postgres_start(hba => $hba);
postgres_query(postgres_url($pg), q(CREATE ROLE kyc LOGIN PASSWORD 'an-invented-password'; CREATE ROLE "kyc-two" LOGIN PASSWORD 'p@ss/word %25'));
postgres_query(postgres_url($pg), $_) for 'CREATE DATABASE kyc OWNER kyc', 'CREATE DATABASE "a b" OWNER "kyc-two"', 'CREATE DATABASE other OWNER kyc';
my $sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--rate', '1000/s');
my ($key, $secret) = @{(sandbox_keys($sandbox))[0]};
$ENV{TEST_URL_KEY} = $key;
$ENV{TEST_URL_SECRET} = $secret;
$ENV{TEST_LEDGER_KEY} = 'ab' x 32;
my $folder = scratch_folder();
write_file("$folder/export.csv", "id,first,last,mail,phone,dob,city,country,street,zip,job\n"
    . "C-1,Alex,Morgan,alex\@example.com,+14155550101,1990-04-15,San Francisco,US,1 Market St,94103,computers_and_it\n");

# A run of one row with these lines in its job; more: options.
sub run_job
{
    my ($lines, @more) = @_;
    my $name = $lines =~ /^job: / ? '' : "job: night\n";
    write_file("$folder/job.yaml", "${name}input: {path: export.csv}\n$lines\n" . <<"JOB");
provider:
  name: payward
  base_url: $sandbox->{url}/payward
  nonce_window: 10000000000
  credentials: {api_key: env:TEST_URL_KEY, api_secret: env:TEST_URL_SECRET}
fields: {external_id: id, first_name: first, last_name: last, email: mail, phone: phone, date_of_birth: dob, birth_city: city, birth_country: country,
  address_line1: street, city: city, postal_code: zip, country: country, nationalities: country, occupation: job}
JOB
    my $command = @more && $more[0] =~ /^[a-z]/ ? shift @more : 'run';
    return run_program(program('kyc-import'), $command, "$folder/job.yaml", @more);
}

sub schemas { return join ' ', map { $_->[0] } postgres_query($_[0], "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'kyc%' ORDER BY 1"); }

my $place = "127.0.0.1:$pg->{port}";
my $ok = "ledger_key: env:TEST_LEDGER_KEY";

subtest 'what is refused has its place, and is not shown' => sub {
    for my $case (
        ["ledger: postgresql://kyc:hunter2\@$place/kyc", 3, 9, qr/must not hold a password: set ledger_password/],
        ["ledger: postgresql://kyc\@$place/kyc?password=hunter2", 3, 9, qr/must not hold a password: set ledger_password/],
        ["ledger: postgresql://kyc\@$place/kyc?sslmode=disable", 3, 9, qr/unknown parameter; known are host, port, sslrootcert/],
        ["ledger: postgresql://kyc\@$place/kyc?options=-csearch_path%3Dx", 3, 9, qr/unknown parameter/],
        ["ledger: postgresql://kyc\@$place", 3, 9, qr/names no database/],
        ["ledger: postgresql:///kyc", 3, 9, qr/names no host/],
        ["ledger: postgresql://kyc\@$place/k yc", 3, 9, qr/holds a character that a URL cannot have/],
    ) {
        my ($line, $row, $column, $want) = @$case;
        my ($status, $out, $err) = run_job("$line\n$ok");
        is($status, 2, "$line: status 2");
        like($err, qr/^kyc-import: error: \Q$folder\E\/job\.yaml:$row:$column: .*$want.*\n.*hint: /m, 'where, why and what to do');
        unlike($out . $err, qr/hunter2|$pg->{port}/, 'no part of it is shown');
    }
    my ($status, undef, $err) = run_job("ledger: postgresql://kyc\@$place/kyc");
    is($status, 2, 'without a key');
    like($err, qr/job\.yaml:3:9: a ledger in PostgreSQL needs `ledger_key`/, 'it has no folder for one');
    ($status, undef, $err) = run_job('ledger_password: env:TEST_LEDGER_KEY');
    is($status, 2, 'a password without a ledger');
    like($err, qr/job\.yaml:3:1: `ledger_password` belongs to a ledger in PostgreSQL/, 'belongs to a database');
    is(sandbox_counts($sandbox)->{payward}{requests}, 0, 'nothing was sent');
    is(sandbox_counts($sandbox)->{payward}{requests}, 0, 'nothing was sent');
};

subtest 'an empty database is no first night' => sub {
    my $ledger = "ledger: postgresql://postgres\@$place/other\n$ok";
    my ($status, undef, $err) = run_job($ledger);
    is($status, 5, 'a run without a ledger: status 5');
    like($err, qr/there is no ledger of the job night \(schema kyc_night\): an empty database must not look like a first night.*hint: .*--new-ledger/s, 'says what to do');
    is(schemas("postgresql://postgres\@$place/other"), '', 'nothing was made');
    ($status, my $out) = run_job($ledger, 'check');
    is($status, 0, 'a check counts everybody as new');
    is(schemas("postgresql://postgres\@$place/other"), '', 'and makes nothing');
    ($status, undef, $err) = run_job($ledger =~ s{/other}{/nowhere}r);
    is($status, 5, 'a database that is not there');
    like($err, qr/cannot be reached: .*database "nowhere" does not exist.*\nhint: check the names in the job's ledger/s, 'is named');
    is(sandbox_counts($sandbox)->{payward}{requests}, 0, 'nothing was sent');
    is(sandbox_counts($sandbox)->{payward}{requests}, 0, 'nothing was sent');
};

subtest 'a password' => sub {
    my $ledger = "ledger: postgresql://kyc\@$place/kyc\n$ok";
    my ($status, undef, $err) = run_job($ledger, '--new-ledger');
    is($status, 5, 'is asked for');
    like($err, qr/the ledger postgresql:\/\/kyc\@\Q$place\E\/kyc cannot be reached: .*no password.*\nhint: set ledger_password in the job, and the variable/s, 'by the server');
    local $ENV{TEST_LEDGER_PASSWORD} = 'a-wrong-password';
    ($status, my $out, $err) = run_job("$ledger\nledger_password: env:TEST_LEDGER_PASSWORD", '--new-ledger');
    is($status, 5, 'a wrong one');
    like($err, qr/password authentication failed.*\nhint: check that the server has the user that the job's ledger names, and ledger_password/s, 'is refused');
    unlike($out . $err, qr/a-wrong-password/, 'and not shown');
    $ENV{TEST_LEDGER_PASSWORD} = 'an-invented-password';
    ($status, $out, $err) = run_job("$ledger\nledger_password: env:TEST_LEDGER_PASSWORD", '--new-ledger');
    is($status, 0, 'the right one') or diag $err;
    unlike($out . $err, qr/an-invented-password/, 'is not shown either');
    is(schemas("postgresql://postgres\@$place/kyc"), 'kyc_night', 'the job has a schema of its own');
    ($status, $out, $err) = run_job("$ledger\nledger_password: env:TEST_LEDGER_PASSWORD", 'backup', "$folder/backup");
    is($status, 0, 'a backup') or diag $err;
    for my $command (['restore', "$folder/backup"], ['status', '--verify'], ['check', '-q']) {
        ($status, $out, $err) = run_job("$ledger\nledger_password: env:TEST_LEDGER_PASSWORD", @$command, '--set', 'ledger=sqlite:drill.ledger');
        is($status, 0, "is tried in a file, by $command->[0]") or diag $err;
    }
    write_file("$folder/password", "p\@ss/word %25\n");
    chmod 0600, "$folder/password";
    ($status, undef, $err) = run_job("job: night-two\nledger: postgresql://kyc%2Dtwo\@$place/a%20b\n$ok\nledger_password: file:password", '--new-ledger');
    is($status, 0, 'a password of any characters, and names that a URL must encode') or diag $err;
    is(schemas("postgresql://postgres\@$place/a%20b"), 'kyc_night_two', 'a hyphen is an underscore in the schema');
};

subtest 'nothing of the environment leads elsewhere' => sub {
    local $ENV{TEST_LEDGER_PASSWORD} = 'an-invented-password';
    my $ledger = "ledger: postgresql://kyc\@$place/kyc\n$ok\nledger_password: env:TEST_LEDGER_PASSWORD";
    {
        local @ENV{qw(PGHOST PGPORT PGUSER PGDATABASE PGPASSWORD PGPASSFILE PGOPTIONS PGSSLMODE PGSSLROOTCERT PGCLIENTENCODING PGTARGETSESSIONATTRS PGREQUIREPEER PGCHANNELBINDING PGCONNECT_TIMEOUT)}
            = ('192.0.2.1', 1, 'nobody', 'other', 'another', '/dev/null', '-c search_path=other -c default_transaction_read_only=on', 'disable', '/dev/null', 'LATIN1', 'standby', 'nobody', 'disable', 1);
        my ($status, undef, $err) = run_job($ledger);
        is($status, 0, 'a run finds its ledger') or diag $err;
        unlike($err, qr/WARNING|password file|libpq/, 'without a word of libpq');
    }
    # What libpq would send to the server, or take where nothing is given to it: the server or libpq itself refuses these.
    for my $name (qw(PGTZ PGDATESTYLE PGGEQO PGSSLMAXPROTOCOLVERSION PGSSLCRLDIR)) {
        local $ENV{$name} = 'nonsense';
        my ($status, undef, $err) = run_job($ledger, 'status');
        is($status, 0, "$name does not count") or diag $err;
    }
    {
        local $ENV{PGPASSWORD} = 'an-invented-password';
        my ($status, undef, $err) = run_job("ledger: postgresql://kyc\@$place/kyc\n$ok", 'status');
        is($status, 5, 'a password that the job does not name is not sent: a timer would not have it');
        like($err, qr/no password supplied\nhint: set ledger_password in the job, and the variable/, 'and the hint says where it belongs');
        ($status, undef, $err) = run_job("ledger: postgresql://kyc\@$place/kyc\n$ok\nledger_password: env:PGPASSWORD", 'status');
        is($status, 0, 'one that it names is, by whatever name') or diag $err;
    }
    SKIP: {
        skip 'only root can become an account without a name', 2 if $>;
        my ($status, undef, $err) = run_job("ledger: postgresql://$place/kyc\n$ok", 'status');
        chmod 0755, "$folder";
        run_program('cp', program('kyc-import'), "$folder/program");
        local $ENV{PGUSER} = 'postgres';
        ($status, undef, $err) = run_program(qw(setpriv --reuid 54321 --regid 54321 --clear-groups), "$folder/program", 'status', "$folder/job.yaml");
        is($status, 5, 'an account without a name, as a container has');
        like($err, qr/local user with ID 54321 does not exist/, 'has none of the environment either') or diag $err;
    }
    for my $name (qw(PGHOSTADDR PGSERVICE)) {
        local $ENV{$name} = '192.0.2.1';
        my ($status, undef, $err) = run_job($ledger);
        is($status, 5, "$name is refused");
        like($err, qr/the environment variable $name would choose another server\nhint: unset it/, 'by its name');
    }
    is(schemas("postgresql://postgres\@$place/other"), '', 'nothing was made in the other database');
};

subtest 'a socket, and several hosts' => sub {
    my $closed = free_port();
    for my $case (['a socket', "postgresql://postgres\@/kyc?host=$pg->{folder}&port=$pg->{port}"],
        ['the second of two hosts', "postgresql://postgres\@127.0.0.1:$closed,$place/kyc?connect_timeout=3"]) {
        my ($sentence, $url) = @$case;
        my ($status, undef, $err) = run_job("ledger: $url\n$ok");
        is($status, 0, $sentence) or diag $err;
    }
    my ($status, undef, $err) = run_job("ledger: postgresql://postgres\@127.0.0.1:$closed/kyc\n$ok");
    is($status, 5, 'no server');
    like($err, qr/cannot be reached: .*\nhint: check that the server runs/s, 'says so');
};

is((postgres_query("postgresql://postgres\@$place/kyc", 'SELECT count(*) FROM kyc_night.run'))[0][0], 4, 'four runs have the same ledger');
sandbox_stop($sandbox);
postgres_stop($pg);
done_testing;
