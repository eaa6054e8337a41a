#!/usr/bin/perl
# TLS to a database on another machine: the server's certificate is checked, with its name, before anything is said to it,
# and nothing of the environment turns that off. A host is another machine unless it is loopback: here 0.0.0.0, which leads
# to this one.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycPostgres;
use KycTest;
use KycTrips;

my $why = postgres_missing();
plan skip_all => $why if $why;

my $folder = scratch_folder();
tls_certificate("$folder/right", '0.0.0.0');
tls_certificate("$folder/other", '192.0.2.7');
tls_certificate("$folder/stranger", '0.0.0.0');
$ENV{TEST_LEDGER_KEY} = 'ab' x 32;
$ENV{TEST_TOKEN} = 'an-invented-token';
write_file("$folder/export.csv", "id\nC-1\n");

# A server with this certificate; none: without TLS.
sub server
{
    my ($name) = @_;
    return postgres_start(settings => {log_connections => 'on'}) if !defined $name;
    my $pem = read_file("$folder/$name.pem");
    my ($key, $certificate) = $pem =~ /^(.*?-----END[^\n]*KEY-----\n)(.*)$/s or die $pem;
    my $pg = postgres_start(files => {'server.key' => $key, 'server.crt' => $certificate}, settings => {log_connections => 'on', ssl => 'on',
        ssl_cert_file => '../server.crt', ssl_key_file => '../server.key'}, hba => "hostssl all all all trust\n");
    return $pg;
}

# A job on this server, with a ledger that is not there, through a proxy that counts.
sub write_job
{
    my ($pg, $parameters, $host, %proxy) = @_;
    my $proxy = trips_start($pg->{port}, %proxy);
    $host //= '0.0.0.0';
    write_file("$folder/job.yaml", "job: night\ninput: {path: export.csv}\nledger: postgresql://postgres\@$host:$proxy->{port}/postgres$parameters\nledger_key: env:TEST_LEDGER_KEY\n"
        . "provider: {name: payso, base_url: 'http://127.0.0.1:1/', credentials: {token: env:TEST_TOKEN}}\nfields: {external_id: id}\n");
    return $proxy;
}

# `status` of it: (status, standard error, bytes that were sent).
sub ask
{
    my $proxy = write_job(@_);
    my ($status, undef, $err) = run_program(program('kyc-import'), 'status', "$folder/job.yaml");
    my $sent = 0;
    $sent += $_->{sent} for trips_of($proxy);
    return ($status, $err, $sent);
}

# The line `database` of its `probe`, with its hint.
sub probe
{
    write_job(@_);
    my ($line) = (run_program(program('kyc-import'), 'probe', "$folder/job.yaml"))[1] =~ /^(database .*\n(?: .*\n)*)/m;
    return $line // 'none';
}

# How many connections the server has let in.
sub let_in { return scalar(() = read_file("$_[0]{folder}/log") =~ /connection authorized: user=postgres.*SSL enabled/g); }

my $missing = qr/there is no ledger yet/;
my $pg = server('right');
my ($status, $err, $sent) = ask($pg, "?sslrootcert=$folder/right.crt");
like($err, $missing, 'a certificate of the CA that is named, for this host, is trusted');
cmp_ok(let_in($pg), '>', 0, 'the connection is encrypted');
like(probe($pg, "?sslrootcert=$folder/right.crt"), qr/^database +ok +PostgreSQL \d+\.\d+, TLSv1\.[23], answers in [\d.]+ ms\n\z/, 'probe shows it');

for my $case (
    ['a certificate of another CA', $pg, "?sslrootcert=$folder/stranger.crt", qr/certificate verify failed/],
    ['a CA that this machine does not have', $pg, '', qr/certificate verify failed/],
    ['a CA file that is not there', $pg, "?sslrootcert=$folder/none.crt", qr/root certificate file ".*none\.crt" does not exist/],
    ['a certificate for another host', server('other'), "?sslrootcert=$folder/other.crt", qr/certificate for "192\.0\.2\.7".* does not match host name "0\.0\.0\.0"/],
    ['a server without TLS', server(), "?sslrootcert=$folder/right.crt", qr/server does not support SSL/],
) {
    my ($sentence, $server, $parameters, $want) = @$case;
    for my $environment ({}, {PGSSLMODE => 'disable', PGSSLROOTCERT => "$folder/right.crt", PGREQUIRESSL => 0, PGSSLSNI => 0}) {
        local @ENV{keys %$environment} = values %$environment;
        my $before = let_in($server);
        ($status, $err, $sent) = ask($server, $parameters);
        my $with = %$environment ? ', with an environment that says otherwise' : '';
        is($status, 5, "$sentence$with: status 5") or diag $err;
        like($err, $want, 'and why');
        like($err, qr/^hint: .*certificate/m, 'and what to look at');
        is(let_in($server), $before, 'nobody is let in');
        is($sent, 8, 'nothing but the question for TLS is sent') if $sentence =~ /without TLS/;
    }
}

# On this machine TLS is used where the server has it, and not needed.
($status, $err) = ask(server(), '', '127.0.0.1');
like($err, $missing, 'a server on loopback needs no TLS');
like(probe(server(), '', '127.0.0.1', pooled => 1),
    qr/^database +NOT OK +PostgreSQL \S+ without TLS: it is on this machine: a connection pooler gives each transaction another session\n +hint: connect to the server directly, without a pooler in between/,
    'probe finds a pooler that changes the session');
done_testing;
