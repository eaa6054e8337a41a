#!/usr/bin/perl
# HTTPS with a private authority: all is created, and the system's certificates are read once, not for each connection.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycRun;
use KycTest;

my $rows = 100;
my $folder = scratch_folder();
tls_certificate("$folder/tls", 'localhost');

# The processor time of a run that loses connections, and their number.
sub time_of_run
{
    my ($sandbox, %option) = @_;
    my $case = case_new($sandbox, rows => $rows, %option, set => {'delivery.attempts' => 20, %{$option{set} || {}}});
    sandbox_faults($sandbox, 'reset:30%');
    my $before = (times)[2];
    my ($status, undef, $err) = case_run($case, '-q');
    my $seconds = (times)[2] - $before;
    is($status, 0, 'all are created') or diag $err;
    my $lost = sandbox_counts($sandbox)->{payward}{faults}{reset};
    cmp_ok($lost, '>', 20, "after $lost connections were lost");
    sandbox_stop($sandbox);
    return ($seconds, $lost);
}

my @options = ('--nonce-window', 10_000_000_000);
my ($plain) = time_of_run(sandbox_start(@options));
my $sandbox = sandbox_start(@options, '--tls-pem', "$folder/tls.pem");
my ($tls, $lost) = time_of_run($sandbox, base_url => "https://localhost:$sandbox->{tls_port}/payward",
    set => {'provider.ca_file' => "$folder/tls.crt"});
# Reading the system's certificates takes 50 ms and more; a handshake 2 to 5.
cmp_ok($tls - $plain, '<', $lost * 0.02, sprintf 'HTTPS costs %.0f ms more for each connection', 1000 * ($tls - $plain) / $lost);
done_testing;
