import '../styles/admin.css';
