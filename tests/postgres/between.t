#!/usr/bin/perl
# A program between a run and its database: one that ends TLS and writes larger records than PostgreSQL does, of which libpq
# leaves a part unread until it is asked; a server that takes long to sort; and a pooler that drops the options of a
# connection.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Select;
use IO::Socket::INET;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use KycPostgres;

my $pg;
BEGIN {
    my $why = postgres_missing();
    plan skip_all => $why if $why;
    $pg = postgres_start();
    @ENV{qw(KYC_LEDGER KYC_POSTGRES_URL)} = ('postgresql', postgres_url($pg));
}
use KycTest;
use KycRun;

use constant {RECORD => 16384, SSL_REQUEST => 80877103};

my $folder = scratch_folder();
tls_certificate("$folder/server", '127.0.0.1');

# Reads so many bytes, or dies.
sub read_whole
{
    my ($socket, $len) = @_;
    my $bytes = '';
    while (length $bytes < $len) { sysread($socket, $bytes, $len - length $bytes, length $bytes) or die 'closed'; }
    return $bytes;
}

# The first message of a connection but the question for TLS, which is answered: with TLS, if `tls`. (socket, message)
sub read_start
{
    my ($client, $has_tls) = @_;
    my $message = read_whole($client, 8);
    if (unpack('x4 N', $message) == SSL_REQUEST) {
        syswrite $client, $has_tls ? 'S' : 'N';
        if ($has_tls) {
            $client = IO::Socket::SSL->start_SSL($client, SSL_server => 1, SSL_cert_file => "$folder/server.crt", SSL_key_file => "$folder/server.pem")
                or die 'no TLS: ' . IO::Socket::SSL::errstr();
        }
        $message = read_whole($client, 8);
    }
    return ($client, $message . read_whole($client, unpack('N', $message) - 8));
}

sub write_whole
{
    my ($socket, $bytes) = @_;
    while (length $bytes) { substr $bytes, 0, (syswrite($socket, $bytes) or die 'closed'), ''; }
}

# An answer is written once the server is silent: all but the end of it; and, when that has arrived, a record as large as
# TLS has.
sub write_answer
{
    my ($client, $answer) = @_;
    if (length $$answer > RECORD) {
        write_whole($client, substr $$answer, 0, length($$answer) - RECORD, '');
        sleep 0.05;
    }
    write_whole($client, $$answer);
    $$answer = '';
}

sub serve
{
    my ($client, $port, $option) = @_;
    ($client, my $message) = read_start($client, $option->{tls});
    if ($option->{drops_options}) {
        substr $message, 0, 4, '';
        $message =~ s/\0options\0[^\0]*\0/\0/ or die 'no options';
        $message = pack('N', length($message) + 4) . $message;
    }
    my $server = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) or die "connect: $!";
    write_whole($server, $message);
    my ($answer, $select) = ('', IO::Select->new($client, $server));
    while (1) {
        my @ready = $client->can('pending') && $client->pending ? ($client) : $select->can_read(length $answer ? 0.02 : undef);
        write_answer($client, \$answer) if !@ready;
        for my $ready (@ready) {
            my $len = sysread $ready, my $bytes, 65536;
            if (!$len) { write_answer($client, \$answer) if length $answer; return; }
            if ($ready == $server) { $answer .= $bytes; next; }
            sleep $option->{takes_s} if $option->{takes_s} && $bytes =~ /DISTINCT ON/;
            write_whole($server, $bytes);
        }
    }
}

# A process for each connection. tls, drops_options, takes_s (seconds before a statement with DISTINCT ON). The port.
sub between
{
    my ($port, %option) = @_;
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 16, ReuseAddr => 1) or die "listen: $!";
    my $pid = fork;
    die "fork: $!" if !defined $pid;
    if (!$pid) {
        test_forked();
        @SIG{qw(PIPE CHLD)} = ('IGNORE', 'IGNORE');
        while (1) {
            my $client = $listener->accept or next;
            next if fork;
            close $listener;
            eval { serve($client, $port, \%option) };
            POSIX::_exit(0);
        }
    }
    test_process($pid);
    return $listener->sockport;
}

sub use_port
{
    my ($case, $port) = @_;
    my $job = "$case->{folder}/job.yaml";
    write_file($job, read_file($job) =~ s/^(ledger: \S+:)\d+/$1$port/mr);
}

my $sandbox = sandbox_start('--rate', '2000/s', '--nonce-window', 10_000_000_000);

subtest 'TLS in large records' => sub {
    plan skip_all => 'there is no IO::Socket::SSL' if !eval { require IO::Socket::SSL };
    my $case = case_new($sandbox, rows => 600, set => {'delivery.rate' => '2000/s', 'delivery.burst' => 100});
    local $ENV{KYC_LEASE_MS} = 1000; # no answer is waited for longer than four of them
    local $ENV{KYC_BUILD} = (defined $ENV{KYC_BUILD} ? $ENV{KYC_BUILD} : 'build') . '/steps';
    is((case_run($case, '-q'))[0], 0, 'a ledger');
    use_port($case, between($pg->{port}, tls => 1));
    my ($status, $out, $err) = case_run($case, 'status');
    is($status, 0, 'status') or diag $err;
    for my $command (['results'], ['status', '--verify'], ['check', '-q'], ['run', '-q'], ['backup', "$case->{folder}/b"]) {
        my $began = time;
        ($status, $out, $err) = case_run($case, @$command);
        is($status, 0, "$command->[0] gets each answer") or diag $err;
        note sprintf '%.1f s', time - $began;
    }
};

# The events of a large ledger are sorted before the first customer is written.
subtest 'results of a ledger whose events take long to sort' => sub {
    my $case = case_new($sandbox, rows => 3, csv => csv_rows(3, 0, 2000));
    local $ENV{KYC_LEASE_MS} = 1000;
    local $ENV{KYC_BUILD} = (defined $ENV{KYC_BUILD} ? $ENV{KYC_BUILD} : 'build') . '/steps';
    is((case_run($case, '-q'))[0], 0, 'a ledger');
    my $takes_s = 5; # more than the four leases that other answers have
    use_port($case, between($pg->{port}, takes_s => $takes_s));
    my $began = time;
    my ($status, $out, $err) = case_run($case, 'results');
    is($status, 0, 'status 0') or diag $err;
    cmp_ok(time - $began, '>=', $takes_s, 'it has waited');
    is(() = $out =~ /^\d+,cust-/mg, 3, 'all customers, with their rows');
};

subtest 'a pooler that drops the options' => sub {
    my $case = case_new($sandbox, rows => 3, csv => csv_rows(3, 0, 1000));
    use_port($case, between($pg->{port}, drops_options => 1));
    for my $command (['run', '-q', '--new-ledger'], ['status']) {
        my ($status, undef, $err) = case_run($case, @$command);
        is($status, 5, "$command->[0]: status 5") or diag $err;
        like($err, qr/does not have the options of the connection: a program in between has dropped them\nhint: connect to PostgreSQL directly/, 'the reason');
    }
    is_deeply([postgres_query($case->{url}, "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")], [], 'nothing is made where it does not belong');
    is((sandbox_counts($sandbox))->{payward}{users}, 603, 'and nobody is created');
};

sandbox_stop($sandbox);
done_testing;
