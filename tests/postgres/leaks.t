#!/usr/bin/perl
# What a ledger in PostgreSQL must not give away: the password of the database, the key of the ledger, and the values of its
# customers are searched for in all that every command writes and passes on, also when the database fails in each way that
# quotes a row.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 qw(encode_base64);
use Test::More;
use Time::HiRes qw(sleep);
use KycPostgres;
use KycTest;

my $why = postgres_missing();
plan skip_all => $why if $why;

my ($password, $key) = ('zq-invented-password-zq', '5ec7e75ec7e75ec7e75ec7e75ec7e75ec7e75ec7e75ec7e75ec7e75ec7e75ec7');
my $pg = postgres_start(hba => "host all kyc 127.0.0.1/32 scram-sha-256\nhost all postgres 127.0.0.1/32 trust\n");
postgres_query(postgres_url($pg), "CREATE ROLE kyc LOGIN PASSWORD '$password'");
postgres_query(postgres_url($pg), 'CREATE DATABASE night OWNER kyc');
my $admin = postgres_url($pg, 'night');
my $sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--rate', '1000/s');
my $login = sandbox_login($sandbox, 'kira');
@ENV{qw(TEST_LEAK_PASSWORD TEST_LEAK_KEY TEST_LEAK_API_KEY TEST_LEAK_CLIENT TEST_LEAK_LOGIN)} = ($password, $key, @$login{qw(api_key client_id password)});
my $folder = scratch_folder();

# The keys of customers are values too: an error of the database quotes them.
my @ids = map { sprintf 'zq-key-%04d', $_ } 1 .. 6;
sub export
{
    my ($street) = @_;
    write_file("$folder/export.csv", join '', "id,first,last,mail,phone,dob,city,country,street,zip,state,job\n",
        map { "$_,Zqalex,Zqmorgan,$_\@zq.example.com,+14155550101,1990-04-15,San Francisco,US,$street,94103,CA,computers_and_it\n" } @ids);
}
write_file("$folder/job.yaml", <<"JOB");
job: night
input: {path: export.csv}
ledger: postgresql://kyc\@127.0.0.1:$pg->{port}/night
ledger_password: env:TEST_LEAK_PASSWORD
ledger_key: env:TEST_LEAK_KEY
provider:
  name: kira
  base_url: $sandbox->{url}/kira
  credentials: {api_key: env:TEST_LEAK_API_KEY, client_id: env:TEST_LEAK_CLIENT, password: env:TEST_LEAK_LOGIN}
delivery: {rate: 500/s, canary: 0}
fields: {external_id: id, first_name: first, last_name: last, email: mail, phone: phone, date_of_birth: dob, address_line1: street, city: city,
  state: state, postal_code: zip, country: country, nationalities: country, occupation: job}
JOB

my %place;
sub run_command
{
    my ($sentence, $status, @command) = @_;
    my @run = run_program(program('kyc-import'), $command[0], "$folder/job.yaml", @command[1 .. $#command]);
    like($run[0], $status, "$sentence: status") or diag $run[2];
    ok(length $run[2] || $sentence !~ /fails/, "$sentence: it says why");
    $place{"$sentence, standard output"} = $run[1];
    $place{"$sentence, standard error"} = $run[2];
    return $run[2];
}

sub change { postgres_query($admin, $_[0], 'kyc_night'); }

export('1 Market St');
run_command('a first run', qr/^[01]$/, 'run', '--new-ledger', '-v');
run_command('a check', qr/^[01]$/, 'check', '-v');
run_command('a probe', qr/^[01]$/, 'probe', '-v');
run_command('a status', qr/^[01]$/, 'status', '--verify', '-v');
run_command('a status in JSON', qr/^[01]$/, 'status', '--json');
run_command('a refresh', qr/^[01]$/, 'refresh', '-v');
run_command('a backup', qr/^0$/, 'backup', "$folder/copy", '-v');

# Each way in which PostgreSQL quotes a row or a statement: what a constraint, a trigger, a type and a right refuse.
my %failures = (
    'a double key fails' => ['CREATE UNIQUE INDEX planted ON customer(left(external_id, 14)) WHERE id > 6', 'DROP INDEX planted'],
    'a check fails' => ["ALTER TABLE customer ADD CONSTRAINT planted CHECK (former_key IS NOT NULL) NOT VALID", 'ALTER TABLE customer DROP CONSTRAINT planted'],
    'a trigger fails' => [q(CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused: %', NEW; END $$;
        CREATE TRIGGER planted BEFORE INSERT OR UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION planted()), 'DROP TRIGGER planted ON customer; DROP FUNCTION planted'],
    'a type fails' => ['ALTER TABLE customer ALTER external_id TYPE varchar(11)', 'ALTER TABLE customer ALTER external_id TYPE text COLLATE "C"'],
    'a right fails' => ['REVOKE UPDATE, INSERT ON customer FROM kyc', 'GRANT UPDATE, INSERT ON customer TO kyc'],
);
for my $sentence (sort keys %failures) {
    my ($break, $mend) = @{$failures{$sentence}};
    push @ids, sprintf 'zq-new-key-%04d', scalar @ids;
    export('2 Market St');
    change($break);
    run_command($sentence, qr/^5$/, 'run', '-v');
    change($mend);
}
run_command('the next run', qr/^[014]$/, 'run', '-v');
{
    local $ENV{TEST_LEAK_PASSWORD} = "$password-wrong";
    run_command('a password fails', qr/^5$/, 'run', '-v');
}
postgres_kill($pg);
run_command('a server that is gone fails', qr/^5$/, 'run', '-v');
postgres_restart($pg);

# Of a run in progress: its command line, and what a stranger may read of its process.
export('3 Market St');
sandbox_faults($sandbox, 'slow:100%');
my $pid = fork;
die "fork: $!" if !defined $pid;
if (!$pid) {
    open STDOUT, '>', '/dev/null';
    open STDERR, '>', "$folder/err";
    { exec {program('kyc-import')} program('kyc-import'), 'run', "$folder/job.yaml", '-v'; }
    exit 127;
}
my @sessions;
for (1 .. 1000) {
    @sessions = postgres_query($admin, "SELECT application_name, query FROM pg_stat_activity WHERE application_name LIKE 'kyc-import%'");
    last if @sessions;
    sleep 0.02;
}
$place{'its command line'} = read_file("/proc/$pid/cmdline");
$place{'what the database shows of its sessions'} = join "\n", map { join ' ', @$_ } @sessions;
like($place{'what the database shows of its sessions'}, qr/kyc-import night/, 'the database knows the job by its name') or diag read_file("$folder/err");
like(read_file("/proc/$pid/limits"), qr/^Max core file size +0 +0 /m, 'a crash leaves no core');
kill 'KILL', $pid;
waitpid $pid, 0;
$place{'a run that is killed, standard error'} = read_file("$folder/err");

my @files = grep { -f && !m{/(?:job\.yaml|export\.csv|told)$} } split /\n/, (run_program('find', "$folder"))[1];
cmp_ok(scalar(@files), '>', 8, 'reports, metrics, heads and a backup');
$place{$_} = read_file($_) for @files;
for my $archive (grep { /\.gz$/ } @files) { $place{$archive} = (run_program('gunzip', '-c', $archive))[1]; }

sub forms { my ($text) = @_; return map { quotemeta } $text, uc $text, encode_base64($text, '') =~ s/=+$//r, unpack('H*', $text); }
my $secret = join '|', map { forms($_) } $password, $key, pack('H*', $key), $login->{password};
my $value = join '|', map { quotemeta } qw(zq.example.com Zqalex Zqmorgan 4155550101 1990-04-15);
my $customer = qr/zq-(?:new-)?key-\d/;
for my $where (sort keys %place) {
    unlike($place{$where}, qr/$secret/, "$where: no password and no key");
    # The rejected rows hold the people, as they must.
    unlike($place{$where}, qr/$value/i, "$where: no value of a customer") if $where !~ /rejects|broken/;
    # The ledger, its backup and lists name customers; a message of the database must not.
    unlike($place{$where}, $customer, "$where: names no customer") if $where =~ /fails, standard error|sessions|command line/;
}
# The search itself.
like("x $password y", qr/$secret/, 'the search finds a password');
like(encode_base64("$password", ''), qr/$secret/, 'also in base64');
like('Key (external_id)=(zq-key-0001) already exists', $customer, 'and a customer that the database quotes');
sandbox_stop($sandbox);
postgres_stop($pg);
done_testing;
